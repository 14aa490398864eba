/** Carries out the sidecar's decode rule: outputs become predictions (decant/decode.py). */

import { toPhoto } from "./preprocess.js";

/**
 * One thing that was found, or the whole photo's label, which has no quad.
 *
 * @typedef {{label: string, score: number, quad: [number, number][]}} Prediction
 */

/**
 * A label of a classifier with its score as the model gives it: a share or a bare logit, which the
 * decode rule does not say.
 *
 * @typedef {{label: string, score: number}} Ranked
 */

/**
 * @param {Map<string, Float32Array>} outputs Real values by name, in the file's axis order.
 * @param {import("./sidecar.js").Sidecar} sidecar
 * @param {import("./preprocess.js").Placement} placement
 * @returns {Prediction[]} Best first, in pixels of the photo.
 */
export function decode(outputs, sidecar, placement) {
  if (sidecar.decode.kind === "argmax") return [largest(outputs, sidecar)];
  return detect(outputs, sidecar).map(({ label, score, quad }) => ({
    label: sidecar.labels[label],
    score,
    quad: [0, 2, 4, 6].map((i) => toPhoto(placement, quad[i], quad[i + 1])),
  }));
}

/** @returns {Prediction} */
function largest(outputs, sidecar) {
  const scores = outputs.get(sidecar.outputs[0].name).subarray(0, sidecar.labels.length);
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return { label: sidecar.labels[best], score: scores[best], quad: [] };
}

/**
 * Ranks a classifier's labels, best first; of equal scores the first label, as the app does.
 *
 * @returns {Ranked[]} Empty where the model is no classifier.
 */
export function rank(outputs, sidecar, count) {
  if (sidecar.decode.kind !== "argmax") return [];
  const scores = outputs.get(sidecar.outputs[0].name);
  // JavaScript's sort is stable.
  return sidecar.labels
    .map((label, index) => ({ label, score: scores[index] }))
    .sort((a, b) => b.score - a.score)
    .slice(0, count);
}

/** Finds quads in the grids; float32 throughout, as NumPy computes. */
function detect(outputs, sidecar) {
  const rule = sidecar.decode;
  const cells = rule.strides.flatMap((stride) => fired(outputs, sidecar, stride));
  cells.sort((a, b) => b.logit - a.logit);
  const kept = suppress(cells.slice(0, rule.max_candidates), rule);
  return kept.map(({ logit, label, quad }) => {
    const score = Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-logit))));
    return { label, score, quad };
  });
}

/** Gives the cells of one stride whose score is over the threshold, by label, row and column. */
function fired(outputs, sidecar, stride) {
  const threshold = sidecar.decode.score_threshold;
  // Comparing logits leaves the sigmoid to the few cells that pass.
  const limit = Math.fround(Math.log(threshold / (1 - threshold)));
  const scores = grid(outputs, sidecar, `scores_s${stride}`);
  const corners = grid(outputs, sidecar, `corners_s${stride}`);
  const found = [];
  for (let label = 0; label < scores.channels; label++) {
    for (let cell = 0; cell < scores.cells; cell++) {
      const logit = scores.values[label * scores.channelStep + cell * scores.cellStep];
      if (logit > limit) found.push({ logit, label, ...corner(corners, cell, stride) });
    }
  }
  return found;
}

/** An output [1, C, H, W] or [1, H, W, C], and how to walk through it. */
function grid(outputs, sidecar, name) {
  const info = sidecar.outputs.find((each) => each.name === name);
  const last = info.layout === "nhwc";
  const [channels, height, width] = last
    ? [info.shape[3], info.shape[1], info.shape[2]]
    : info.shape.slice(1);
  const cells = height * width;
  const [cellStep, channelStep] = last ? [channels, 1] : [1, cells];
  return { values: outputs.get(name), channels, width, cells, cellStep, channelStep };
}

/** Gives the quad of a cell and its envelope, in pixels of the tensor. */
function corner(corners, cell, stride) {
  const centre = [
    ((cell % corners.width) + 0.5) * stride,
    (Math.floor(cell / corners.width) + 0.5) * stride,
  ];
  const quad = new Float32Array(8);
  for (let i = 0; i < 8; i++) {
    const offset = corners.values[i * corners.channelStep + cell * corners.cellStep];
    quad[i] = centre[i % 2] + Math.fround(offset * stride);
  }
  return { quad, box: envelope(quad) };
}

/** @returns {[number, number, number, number]} left, top, right, bottom */
export function envelope(quad) {
  return [
    Math.min(quad[0], quad[2], quad[4], quad[6]),
    Math.min(quad[1], quad[3], quad[5], quad[7]),
    Math.max(quad[0], quad[2], quad[4], quad[6]),
    Math.max(quad[1], quad[3], quad[5], quad[7]),
  ];
}

/** Drops cells, best first, whose box overlaps a better one of the same label too much. */
function suppress(cells, rule) {
  const limit = Math.fround(rule.nms_iou);
  const kept = [];
  for (const cell of cells) {
    if (kept.length === rule.max_detections) break;
    const clear = kept.every((better) => better.label !== cell.label || apart(better, cell, limit));
    if (clear) kept.push(cell);
  }
  return kept;
}

function apart({ box: a }, { box: b }, limit) {
  const shared = Math.fround(
    length(Math.max(a[0], b[0]), Math.min(a[2], b[2])) *
      length(Math.max(a[1], b[1]), Math.min(a[3], b[3])),
  );
  const union = Math.fround(Math.fround(area(a) + area(b)) - shared);
  return !(shared > Math.fround(limit * union));
}

function length(low, high) {
  return Math.max(Math.fround(high - low), 0);
}

function area(box) {
  return Math.fround(Math.fround(box[2] - box[0]) * Math.fround(box[3] - box[1]));
}
