/** The decode rule `argmax`: of scores, the largest wins (decode/argmax.py). */

import { argmax as largest, require } from "./rule.js";

/**
 * A label of a classifier with its score as the model gives it: a share or a bare logit, which the
 * decode rule does not say.
 *
 * @typedef {{label: string, score: number}} Ranked
 */

/** @type {import("./rule.js").Rule} */
export const argmax = {
  fields: {},
  shows: "label",
  check(_, shapes, labels) {
    const [shape] = shapes.values();
    const scores = shape.slice(1).reduce((a, b) => a * b, 1);
    const fits = shapes.size === 1 && scores === labels && labels > 0;
    require(fits, "decode.kind: argmax needs one output with a score for every label");
  },
  sure: () => -Infinity,
  answer(outputs, _, labels) {
    const scores = scoresOf(outputs, labels.length);
    const best = largest(scores, 0, scores.length);
    return { predictions: [{ label: labels[best], score: scores[best], quad: [] }] };
  },
};

/**
 * Ranks a classifier's labels, best first; of equal scores the first label, as the app does. NaN is largest.
 *
 * @param {import("./rule.js").Outputs} outputs
 * @param {string[]} labels
 * @param {number} count How many at most.
 * @returns {Ranked[]}
 */
export function ranked(outputs, labels, count) {
  const scores = scoresOf(outputs, labels.length);
  // JavaScript's sort is stable.
  return labels
    .map((label, index) => ({ label, score: scores[index] }))
    .sort((a, b) => Number(Number.isNaN(b.score)) - Number(Number.isNaN(a.score)) || b.score - a.score)
    .slice(0, count);
}

/** All other sizes being 1, the scores lie side by side in any axis order. */
function scoresOf(outputs, labels) {
  const [{ values }] = outputs.values();
  return values.subarray(0, labels);
}
