/** How far two answers to the same photo agree. */

/**
 * @typedef {{
 *   pairs: number, left: number, right: number, meanOverlap: number, scoreDifference: number,
 * }} Agreement
 */

/**
 * Pairs boxes of the same label that overlap by half or more, best overlap first.
 *
 * @param {import("./decode.js").Prediction[]} left
 * @param {import("./decode.js").Prediction[]} right
 * @returns {Agreement}
 */
export function agreement(left, right) {
  const candidates = [];
  left.forEach((a, i) => {
    right.forEach((b, j) => {
      const iou = a.label === b.label ? overlap(a.quad, b.quad) : 0;
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

/** Intersection over union of the upright boxes around two quads. */
export function overlap(a, b) {
  // A label of the whole photo has no quad.
  if (a.length === 0 && b.length === 0) return 1;
  const [p, q] = [bounds(a), bounds(b)];
  const width = Math.min(p.right, q.right) - Math.max(p.left, q.left);
  const height = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
  const shared = Math.max(width, 0) * Math.max(height, 0);
  return shared / (size(p) + size(q) - shared);
}

function bounds(quad) {
  const [xs, ys] = [0, 1].map((axis) => quad.map((point) => point[axis]));
  return {
    left: Math.min(...xs),
    top: Math.min(...ys),
    right: Math.max(...xs),
    bottom: Math.max(...ys),
  };
}

function size({ left, top, right, bottom }) {
  return (right - left) * (bottom - top);
}
