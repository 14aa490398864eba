/** The decode rules `boxes_scores` and `ssd`: boxes and class scores in two outputs (decode/box_scores.py). */

import { list, nullable, number, oneOf, text, whole } from "../checks.js";
import { activate } from "./activate.js";
import { boxRule, columns, toCorners } from "./boxes.js";
import { fits, require, requireOutput } from "./rule.js";

/** torchvision's `bbox_xform_clip`: a side grows to 62.5 times its anchor's at most. */
const LARGEST_STRETCH = Math.fround(Math.log(1000 / 16));
/** Where places and values lie in either output. */
const AXES = /** @type {[number, number]} */ ([1, 2]);

const four = list(number(), { least: 4, most: 4 });
const FIELDS = {
  boxes: text,
  scores: text,
  score_activation: oneOf("none", "sigmoid", "softmax"),
  background: nullable(whole(0)),
};

export const boxesScores = boxRule(
  { ...FIELDS, box_format: oneOf("xyxy", "yxyx", "xywh", "cxcywh") },
  checkOutputs,
  (outputs, decode, labels) => ({
    boxes: toCorners(columns(outputs.get(decode.boxes), AXES, 0, 4), decode.box_format),
    scores: labelled(outputs, decode, labels),
  }),
);

/** Offsets to anchors: Liu et al. 2016, SSD, section 2.2. */
export const ssd = boxRule(
  {
    ...FIELDS,
    anchors: list(four, { least: 1 }),
    variances: four,
    offset_order: oneOf("xywh", "yxhw"),
  },
  checkAnchors,
  (outputs, decode, labels) => ({
    boxes: moved(columns(outputs.get(decode.boxes), AXES, 0, 4), decode),
    scores: labelled(outputs, decode, labels),
  }),
);

function checkOutputs(decode, shapes, labels) {
  for (const key of ["boxes", "scores"]) requireOutput(decode[key], [...shapes.keys()], key);
  const [boxes, scores] = [shapes.get(decode.boxes), shapes.get(decode.scores)];
  const classes = classesOf(decode, labels);
  require(
    decode.background === null || decode.background < classes,
    `decode.background: ${decode.background} is none of ${classes} classes, which are ` +
      `${labels} labels and the background`,
  );
  require(
    fits(boxes, [null, null, 4]) && fits(scores, [boxes[0], boxes[1], classes]),
    `decode.scores: ${decode.boxes} [${boxes}] and ${decode.scores} [${scores}] do not hold ` +
      `[N, places, 4] and [N, places, ${classes}]`,
  );
}

function checkAnchors(decode, shapes, labels) {
  checkOutputs(decode, shapes, labels);
  const count = shapes.get(decode.boxes)[1];
  require(
    decode.anchors.length === count,
    `decode.anchors: has ${decode.anchors.length}, but ${decode.boxes} has ${count} boxes`,
  );
}

function classesOf({ background }, labels) {
  return background === null ? labels : labels + 1;
}

/** Gives the scores of the labels, without the background's. */
function labelled(outputs, decode, labels) {
  const classes = classesOf(decode, labels);
  const scores = columns(outputs.get(decode.scores), AXES, 0, classes);
  activate(scores, decode.score_activation, classes);
  if (decode.background === null) return scores;
  return scores.filter((_, index) => index % classes !== decode.background);
}

/**
 * Moves and stretches the anchors; float32 throughout, as NumPy computes.
 *
 * @param {Float32Array} offsets
 * @param {import("./rule.js").Decode} decode
 */
function moved(offsets, { anchors, variances, offset_order: order }) {
  const places = order === "xywh" ? [0, 1, 2, 3] : [1, 0, 3, 2];
  const factors = Float32Array.from(variances);
  anchors.forEach((each, index) => {
    const anchor = Float32Array.from(each);
    const given = offsets.subarray(4 * index, 4 * index + 4);
    const way = places.map((place, i) => Math.fround(given[place] * factors[i]));
    for (const axis of [0, 1]) {
      const side = anchor[2 + axis];
      const stretch = Math.fround(Math.exp(Math.min(way[2 + axis], LARGEST_STRETCH)));
      given[axis] = anchor[axis] + Math.fround(way[axis] * side);
      given[2 + axis] = side * stretch;
    }
  });
  return toCorners(offsets, "cxcywh");
}
