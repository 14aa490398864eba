/** The decode rule `segmentation`: of the scores at every pixel of the photo, the largest wins (decode/segmentation.py). */

import { oneOf } from "../checks.js";
import { axisOf, Plane } from "./maps.js";
import { fits, require, share } from "./rule.js";

export const UNSEEN = -1;

/** @type {import("./rule.js").Rule} */
export const segmentation = {
  fields: { activation: oneOf("softmax", "sigmoid", "none"), threshold: share },
  shows: "mask",
  check({ activation }, shapes, labels) {
    const several = shapes.size;
    require(several === 1, `decode.kind: segmentation takes one output, this model has ${several}`);
    const [[name, shape]] = shapes;
    const isSingle = labels === 2 && fits(shape, [null, 1, null, null]);
    require(
      isSingle || (labels > 1 && fits(shape, [null, labels, null, null])),
      `decode.kind: output ${name} [${shape}] holds no map for each of ${labels} labels`,
    );
    require(
      activation !== (isSingle ? "softmax" : "sigmoid"),
      `decode.activation: "${activation}" is not for ${isSingle ? "one map" : "several maps"}`,
    );
  },
  /** Names each label there is, that of most pixels first; its score is its share of them. */
  answer(outputs, decode, labels, placement) {
    const [maps] = outputs.values();
    const mask = labelMask(maps, decode, placement);
    const counts = countsOf(mask, labels.length);
    const seen = counts.reduce((a, b) => a + b, 0);
    const predictions = labels
      .map((label, index) => ({ label, score: counts[index] / Math.max(1, seen), quad: [] }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score);
    return { predictions, mask };
  },
};

/** How many pixels have each label. */
function countsOf({ labels: pixels }, labels) {
  const counts = new Array(labels).fill(0);
  for (const label of pixels) if (label !== UNSEEN) counts[label]++;
  return counts;
}

/**
 * Labels every pixel of a photo.
 *
 * @param {import("./rule.js").View} maps [N, K, h, w] or [N, 1, h, w].
 * @param {import("./rule.js").Decode} decode
 * @param {import("../preprocess.js").Placement} placement
 * @returns {import("./rule.js").Mask}
 */
export function labelMask(maps, decode, placement) {
  const { width, height, scaleX, scaleY, offsetX, offsetY } = placement;
  const [, count, rows, columns] = maps.shape;
  const [across, down] = [
    axisOf(columns, { scale: scaleX, offset: offsetX, size: width, tensor: placement.tensorWidth }),
    axisOf(rows, { scale: scaleY, offset: offsetY, size: height, tensor: placement.tensorHeight }),
  ];
  const planes = Array.from({ length: count }, (_, map) => new Plane(maps, map, across, down));
  const limit = Math.fround(limitOf(decode));
  const labels = new Int16Array(width * height).fill(UNSEEN);
  for (let y = down.first; y < down.end; y++) {
    const row = labels.subarray(y * width + across.first, y * width + across.end);
    const values = planes.map((plane) => plane.row(y).subarray(across.first, across.end));
    if (count === 1) row.forEach((_, x) => (row[x] = Number(values[0][x] >= limit)));
    else largest(values, row);
  }
  return { width, height, labels };
}

/**
 * Writes which values are the largest at each place, the first among equals.
 *
 * @param {Float32Array[]} values Of each label.
 * @param {Int16Array} row
 */
function largest(values, row) {
  const best = values[0].slice();
  row.fill(0);
  for (let label = 1; label < values.length; label++) {
    const these = values[label];
    for (let x = 0; x < row.length; x++) {
      if (these[x] > best[x]) {
        best[x] = these[x];
        row[x] = label;
      }
    }
  }
}

/** The threshold in terms of the output. @param {import("./rule.js").Decode} decode */
function limitOf({ activation, threshold }) {
  return activation === "none" ? threshold : Math.log(threshold / (1 - threshold));
}
