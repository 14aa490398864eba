/** Carries out the sidecar's decode rule: outputs become predictions (decant/contract/decode). */

import { argmax, ranked } from "./decode/argmax.js";
import { boxesScores, ssd } from "./decode/box_scores.js";
import { endToEnd } from "./decode/end_to_end.js";
import { quadGrid } from "./decode/quad_grid.js";
import { view } from "./decode/rule.js";
import { segmentation } from "./decode/segmentation.js";
import { ctc, slots } from "./decode/text.js";
import { yolo } from "./decode/yolo.js";

/**
 * @typedef {import("./decode/rule.js").Prediction} Prediction
 * @typedef {import("./decode/rule.js").Mask} Mask
 * @typedef {import("./decode/argmax.js").Ranked} Ranked
 */

/** Every rule that this page carries out, by kind. */
const RULES = new Map(
  Object.entries({
    argmax,
    quad_grid: quadGrid,
    yolo,
    ssd,
    end_to_end: endToEnd,
    boxes_scores: boxesScores,
    segmentation,
    ctc,
    slots,
  }),
);

/**
 * Gives the rule that a sidecar names; undefined where this page has no decoder for it. Golden outputs
 * still tell whether such a model runs right.
 *
 * @param {{decode: {kind: string} | null}} sidecar
 */
export function ruleOf({ decode }) {
  return decode === null ? undefined : RULES.get(decode.kind);
}

/** Whether a user can correct here what a model answers. @param {import("./sidecar.js").Sidecar} sidecar */
export function isCorrectable(sidecar) {
  return ["boxes", "label"].includes(ruleOf(sidecar)?.shows);
}

/**
 * @param {Map<string, Float32Array>} outputs Real values by name, in the file's axis order.
 * @param {import("./sidecar.js").Sidecar} sidecar
 * @param {import("./preprocess.js").Placement} placement
 * @returns {{predictions: Prediction[], mask: Mask | null}} Best first, in pixels of the photo; nothing
 *   where there is no decoder.
 */
export function decode(outputs, sidecar, placement) {
  const rule = ruleOf(sidecar);
  if (rule === undefined) return { predictions: [], mask: null };
  const found = rule.answer(inOnnxOrder(outputs, sidecar), sidecar.decode, sidecar.labels, placement);
  return { predictions: found.predictions, mask: found.mask ?? null };
}

/**
 * Ranks a classifier's labels, best first.
 *
 * @returns {Ranked[]} Empty where the model is no classifier.
 */
export function rank(outputs, sidecar, count) {
  if (ruleOf(sidecar)?.shows !== "label") return [];
  return ranked(inOnnxOrder(outputs, sidecar), sidecar.labels, count);
}

function inOnnxOrder(outputs, sidecar) {
  return new Map(sidecar.outputs.map((info) => [info.name, view(info, outputs.get(info.name))]));
}
