/** How far two answers to the same photo agree. */

import { quadOverlap } from "./geometry.js";

/** Intersection over union from which a quad is the golden one again. */
const SAME_QUAD = 0.9;
/** How far above the display threshold a score is that no rounding explains. */
const SCORE_MARGIN = 0.05;

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
 * Counts golden predictions that are shown and not found again, and what is found in addition.
 *
 * @param {import("./decode.js").Prediction[]} found
 * @param {import("./decode.js").Prediction[]} golden Best first, perhaps not all.
 * @param {number} threshold Of what is shown.
 */
export function unmatched(found, golden, threshold) {
  const same = (a, b) => a.label === b.label && quadOverlap(a.quad, b.quad) >= SAME_QUAD;
  const missing = golden
    .filter(({ score }) => score >= threshold)
    .filter((expected) => !found.some((each) => same(each, expected)));
  // Of a golden list that was cut, the last one says from where on there may be more.
  const floor = Math.max(threshold, golden.length ? golden.at(-1).score : threshold) + SCORE_MARGIN;
  const added = found
    .filter(({ score }) => score > floor)
    .filter((each) => !golden.some((expected) => same(each, expected)));
  return missing.length + added.length;
}
