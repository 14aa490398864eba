/** How far two answers to the same photo agree. */

import { quadOverlap } from "./geometry.js";

/** Intersection over union from which a quad is the golden one again; right kernels differ to 0.85. */
const SAME_QUAD = 0.75;

/**
 * @typedef {{
 *   pairs: number, left: number, right: number, meanOverlap: number, scoreDifference: number,
 * }} Agreement
 */

/**
 * Pairs quads of the same label that overlap by half or more, best overlap first.
 *
 * @param {import("./decode.js").Prediction[]} left
 * @param {import("./decode.js").Prediction[]} right
 * @returns {Agreement}
 */
export function agreement(left, right) {
  const candidates = [];
  left.forEach((a, i) => {
    right.forEach((b, j) => {
      const iou = a.label === b.label ? quadOverlap(a.quad, b.quad) : 0;
      if (iou >= 0.5) candidates.push({ i, j, iou });
    });
  });
  candidates.sort((a, b) => b.iou - a.iou);
  const [lefts, rights, pairs] = [new Set(), new Set(), []];
  for (const each of candidates) {
    if (lefts.has(each.i) || rights.has(each.j)) continue;
    lefts.add(each.i);
    rights.add(each.j);
    pairs.push(each);
  }
  const sum = pairs.reduce((total, each) => total + each.iou, 0);
  const apart = pairs.map(({ i, j }) => Math.abs(left[i].score - right[j].score));
  return {
    pairs: pairs.length,
    left: left.length,
    right: right.length,
    meanOverlap: pairs.length ? sum / pairs.length : 0,
    scoreDifference: Math.max(0, ...apart),
  };
}

/**
 * Counts the sure predictions of either answer that the other lacks; it need not be sure of them.
 *
 * @param {import("./decode.js").Prediction[]} found
 * @param {import("./decode.js").Prediction[]} expected
 * @param {number} sure Least score that counts.
 */
export function unmatched(found, expected, sure) {
  const same = (a, b) => a.label === b.label && quadOverlap(a.quad, b.quad) >= SAME_QUAD;
  const alone = (ones, others) =>
    ones.filter((one) => one.score >= sure && !others.some((other) => same(one, other))).length;
  return alone(found, expected) + alone(expected, found);
}
