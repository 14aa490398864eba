/** The decode rule `quad_grid`: grids of scores and corners become quads (decode/quad_grid.py). */

import { list, number, oneOf, whole } from "../checks.js";
import { toPhoto } from "../preprocess.js";
import { checkThresholds, CORNERS, require, share, SURE } from "./rule.js";
import { suppress } from "./suppression.js";

/** @typedef {{logit: number, label: number, quad: Float32Array, box: number[]}} Cell */

const LEVEL = /^(?:scores|corners)_s(\d+)$/;
const CORNER_VALUES = 2 * CORNERS.boxes;

/** @type {import("./rule.js").Rule} */
export const quadGrid = {
  fields: {
    strides: list(whole(1), { least: 1 }),
    score_activation: oneOf("sigmoid"),
    score_threshold: share,
    display_threshold: share,
    nms_iou: number(Number.MIN_VALUE, 1),
    max_candidates: whole(1),
    max_detections: whole(1),
  },
  shows: "boxes",
  check(decode, shapes, labels) {
    const { strides } = decode;
    require(new Set(strides).size === strides.length, "decode.strides: has a level twice");
    checkThresholds(decode);
    for (const stride of strides) checkLevel(stride, shapes, labels);
    for (const name of shapes.keys()) {
      const stride = LEVEL.exec(name)?.[1];
      const read = stride === undefined || strides.includes(Number(stride));
      require(read, `decode.strides: lacks ${stride}, so nothing reads ${name}`);
    }
  },
  sure: (decode) => decode.display_threshold + SURE,
  answer(outputs, decode, labels, placement) {
    const predictions = detect(outputs, decode).map(({ label, score, quad }) => ({
      label: labels[label],
      score,
      quad: [0, 2, 4, 6].map((i) => toPhoto(placement, quad[i], quad[i + 1])),
    }));
    return { predictions };
  },
};

function checkLevel(stride, shapes, labels) {
  const [scores, corners] = [`scores_s${stride}`, `corners_s${stride}`].map((name) => {
    const found = shapes.has(name);
    require(found, `decode.strides: has ${stride}, but no output is called ${name}`);
    return shapes.get(name);
  });
  const wanted = [scores[0], CORNER_VALUES, ...scores.slice(2)];
  require(
    scores.length === 4 && scores[1] === labels && `${corners}` === `${wanted}`,
    `decode.strides: has ${stride}, but scores_s${stride} [${scores}] and corners_s${stride} ` +
      `[${corners}] do not hold ${labels} scores and ${CORNER_VALUES} corner offsets`,
  );
}

/**
 * Finds quads in the grids; float32 throughout, as NumPy computes.
 *
 * @param {import("./rule.js").Outputs} outputs
 * @param {import("./rule.js").Decode} decode
 */
function detect(outputs, decode) {
  /** @type {Cell[]} */
  const cells = decode.strides.flatMap((stride) => fired(outputs, decode, stride));
  cells.sort((a, b) => b.logit - a.logit);
  const likely = cells.slice(0, decode.max_candidates);
  const kept = suppress(likely, decode.nms_iou, decode.max_detections);
  return kept.map(({ logit, label, quad }) => {
    const score = Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-logit))));
    return { label, score, quad };
  });
}

/**
 * Gives the cells of one stride whose score is over the threshold, by label, row and column.
 *
 * @returns {Cell[]}
 */
function fired(outputs, decode, stride) {
  const threshold = decode.score_threshold;
  // Comparing logits leaves the sigmoid to the few cells that pass.
  const limit = Math.fround(Math.log(threshold / (1 - threshold)));
  const scores = grid(outputs.get(`scores_s${stride}`));
  const corners = grid(outputs.get(`corners_s${stride}`));
  const found = [];
  for (let label = 0; label < scores.channels; label++) {
    for (let cell = 0; cell < scores.cells; cell++) {
      const logit = scores.values[label * scores.channelStep + cell * scores.cellStep];
      if (logit > limit) found.push({ logit, label, ...corner(corners, cell, stride) });
    }
  }
  return found;
}

/** How to walk through an output [N, C, H, W]: rows lie side by side in either axis order. */
function grid({ values, shape, steps }) {
  const [, channels, height, width] = shape;
  return { values, channels, width, cells: height * width, cellStep: steps[3], channelStep: steps[1] };
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
function envelope(quad) {
  return [
    Math.min(quad[0], quad[2], quad[4], quad[6]),
    Math.min(quad[1], quad[3], quad[5], quad[7]),
    Math.max(quad[0], quad[2], quad[4], quad[6]),
    Math.max(quad[1], quad[3], quad[5], quad[7]),
  ];
}
