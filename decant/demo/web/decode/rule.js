/** What every decode rule is: fields of the sidecar, and what they mean for tensors (decode/rule.py). */

import { number } from "../checks.js";

/**
 * One thing that was found, or the whole photo's label, which has no quad.
 *
 * @typedef {{label: string, score: number, quad: [number, number][]}} Prediction
 */

/**
 * The label of every pixel of a photo, row by row; -1 where a crop cut it away.
 *
 * @typedef {{width: number, height: number, labels: Int16Array}} Mask
 */

/**
 * An output in ONNX axis order: where an index along each axis leads among the values.
 *
 * @typedef {{values: Float32Array, shape: number[], steps: number[]}} View
 * @typedef {Map<string, View>} Outputs By name; the photo's is the first sample of a batch.
 * @typedef {Map<string, number[]>} Shapes By name, in ONNX axis order.
 */

/**
 * @typedef {{kind: string, [field: string]: any}} Decode The rule as the sidecar has it.
 * @typedef {{predictions: Prediction[], mask?: Mask}} Found Best first, in pixels of the photo.
 */

/**
 * @typedef {{
 *   fields: Record<string, import("../checks.js").Check>,
 *   shows: "boxes" | "label" | "mask" | "text",
 *   check: (decode: Decode, shapes: Shapes, labels: number) => void,
 *   sure?: (decode: Decode) => number,
 *   answer: (outputs: Outputs, decode: Decode, labels: string[],
 *     placement: import("../preprocess.js").Placement) => Found,
 * }} Rule `fields` beside `kind`; `check` throws where the outputs are not those that the rule reads;
 *   `sure` is the least score of what another answer to the same photo must have, too;
 *   masks have none, but are compared pixel by pixel.
 */

/** How far above the display threshold a score must lie for its object to be expected again. */
export const SURE = 0.1;

/** Of a threshold: above 0 and below 1. */
export const share = number(Number.MIN_VALUE, 1 - Number.EPSILON);

/** Corners of what is found, by what is shown. */
export const CORNERS = { boxes: 4, label: 0, mask: 0, text: 0 };

/** Throws unless a condition holds; the message begins with the path of the field. */
export function require(condition, message) {
  if (!condition) throw new Error(message);
}

/**
 * Looks at an output in ONNX axis order.
 *
 * @param {{shape: number[], layout: string}} info
 * @param {Float32Array} values In the file's axis order.
 * @returns {View}
 */
export function view(info, values) {
  let step = 1;
  const steps = info.shape.map(() => 0);
  for (let axis = steps.length - 1; axis >= 0; axis--) {
    steps[axis] = step;
    step *= info.shape[axis];
  }
  return { values, shape: channelsFirst(info, info.shape), steps: channelsFirst(info, steps) };
}

/** Moves what stands for the channels of a tensor to where ONNX has it, second. */
export function channelsFirst({ layout }, sizes) {
  if (!["nwc", "nhwc", "ndhwc"].includes(layout)) return sizes;
  return [sizes[0], sizes.at(-1), ...sizes.slice(1, -1)];
}

/**
 * Whether a shape is the one that is wanted; null is any size.
 *
 * @param {number[]} shape
 * @param {(number | null)[]} wanted
 */
export function fits(shape, wanted) {
  return (
    shape.length === wanted.length &&
    wanted.every((size, axis) => size === null || size === shape[axis])
  );
}

/**
 * Finds the output that a rule of one output reads.
 *
 * @param {Decode} decode With the field `output`.
 * @param {string[]} names
 */
export function onlyOutput({ output }, names) {
  if (output === null && names.length === 1) return names[0];
  require(output !== null, `decode.output: is null, but the model has ${listed(names)}; name one`);
  requireOutput(output, names, "output");
  return output;
}

/** Refuses a model without an output. */
export function requireOutput(name, names, key) {
  const message = `decode.${key}: no output is called "${name}", only ${listed(names)}`;
  require(names.includes(name), message);
}

function listed(names) {
  return [...names].sort().join(", ");
}

/** Refuses to show what is dropped before. @param {Decode} decode */
export function checkThresholds({ score_threshold: score, display_threshold: display }) {
  require(
    score <= display,
    `decode.display_threshold: ${display} is below score_threshold ${score}`,
  );
}

/**
 * The first of the largest among `count` values; as in NumPy, what is no number is largest of all.
 *
 * @param {Float32Array} values
 * @param {number} from Where the first stands.
 * @param {number} count
 */
export function argmax(values, from, count) {
  let best = from;
  for (let i = from; i < from + count; i++) {
    if (Number.isNaN(values[i])) return i - from;
    if (values[i] > values[best]) best = i;
  }
  return best - from;
}
