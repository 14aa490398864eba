/** What every decode rule of upright boxes shares: thresholds, overlaps and the way to the photo (decode/boxes.py). */

import { number, oneOf, whole } from "../checks.js";
import { toPhoto } from "../preprocess.js";
import { argmax, checkThresholds, share, SURE } from "./rule.js";
import { suppress } from "./suppression.js";

/**
 * @typedef {import("./rule.js").Decode} Decode
 * @typedef {import("../preprocess.js").Placement} Placement
 * @typedef {{boxes: Float32Array, scores: Float32Array}} Raw Of one photo: left, top, right and bottom of
 *   each place in the unit of the rule, and a score of every label.
 */

const truth = oneOf(true, false);
const FIELDS = {
  box_unit: oneOf("pixels", "fraction"),
  multi_label: truth,
  score_threshold: share,
  display_threshold: share,
  nms_iou: number(Number.MIN_VALUE, 1),
  class_wise: truth,
  max_candidates: whole(1),
  max_detections: whole(1),
};

/**
 * Makes a rule of what a layout of boxes has of its own.
 *
 * @param {Record<string, import("../checks.js").Check>} fields
 * @param {import("./rule.js").Rule["check"]} check
 * @param {(outputs: import("./rule.js").Outputs, decode: Decode, labels: number) => Raw} raw
 * @returns {import("./rule.js").Rule}
 */
export function boxRule(fields, check, raw) {
  return {
    fields: { ...FIELDS, ...fields },
    shows: "boxes",
    check(decode, shapes, labels) {
      checkThresholds(decode);
      check(decode, shapes, labels);
    },
    sure: (decode) => decode.display_threshold + SURE,
    answer(outputs, decode, labels, placement) {
      const found = select(raw(outputs, decode, labels.length), decode, labels.length);
      const predictions = found.map(({ label, score, box }) => ({
        label: labels[label],
        score,
        quad: onPhoto(box, decode, placement),
      }));
      return { predictions };
    },
  };
}

/**
 * Drops what scores too little or overlaps.
 *
 * @param {Raw} raw
 * @param {Decode} decode
 * @param {number} labels
 */
function select({ boxes, scores }, decode, labels) {
  const least = Math.fround(decode.score_threshold);
  const found = [];
  for (let place = 0; place < boxes.length / 4; place++) {
    const box = boxes.subarray(4 * place, 4 * place + 4);
    if (!box.every(Number.isFinite)) continue;
    const best = decode.multi_label ? null : argmax(scores, place * labels, labels);
    for (let label = 0; label < labels; label++) {
      const score = scores[place * labels + label];
      if (score > least && (best === null || best === label)) found.push({ box, label, score });
    }
  }
  // JavaScript's sort is stable: of equal scores the first place, and there the first label.
  found.sort((a, b) => b.score - a.score);
  const likely = found.slice(0, decode.max_candidates);
  return suppress(likely, decode.nms_iou, decode.max_detections, decode.class_wise);
}

/**
 * Gives the corners in pixels of the photo, from the top left clockwise, cut at its edges.
 *
 * @param {Float32Array} box
 * @param {Decode} decode
 * @param {Placement} placement
 * @returns {[number, number][]}
 */
function onPhoto(box, decode, placement) {
  const { width, height, tensorWidth, tensorHeight } = placement;
  const unit = decode.box_unit === "fraction" ? [tensorWidth, tensorHeight] : [1, 1];
  const corner = (at) => {
    const [x, y] = toPhoto(placement, Math.fround(box[at] * unit[0]), Math.fround(box[at + 1] * unit[1]));
    return [Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)];
  };
  const [[left, top], [right, bottom]] = [corner(0), corner(2)];
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

/**
 * Turns boxes of another format into left, top, right and bottom, in place.
 *
 * @param {Float32Array} boxes Four numbers each.
 * @param {"xyxy" | "yxyx" | "xywh" | "cxcywh"} format
 */
export function toCorners(boxes, format) {
  if (format === "xyxy") return boxes;
  for (let at = 0; at < boxes.length; at += 4) {
    const [a, b, c, d] = boxes.subarray(at, at + 4);
    if (format === "yxyx") {
      boxes.set([b, a, d, c], at);
      continue;
    }
    const centred = format === "cxcywh";
    const left = centred ? Math.fround(a - Math.fround(c / 2)) : a;
    const top = centred ? Math.fround(b - Math.fround(d / 2)) : b;
    boxes.set([left, top, left + c, top + d], at);
  }
  return boxes;
}

/**
 * Copies values of the first sample out of an output [N, places, values], from one of them on.
 *
 * @param {import("./rule.js").View} view
 * @param {[number, number]} axes That count places and values.
 * @param {number} from
 * @param {number} count
 */
export function columns({ values, shape, steps }, [places, along], from, count) {
  const found = new Float32Array(shape[places] * count);
  for (let place = 0; place < shape[places]; place++) {
    const start = place * steps[places] + from * steps[along];
    for (let i = 0; i < count; i++) found[place * count + i] = values[start + i * steps[along]];
  }
  return found;
}
