/** Leaves one box of each object: what overlaps a better one is dropped (decode/suppression.py). */

/** @typedef {{box: ArrayLike<number>, label: number}} Candidate `box`: left, top, right, bottom. */

/**
 * Drops what overlaps a better one of the same label too much; float32 throughout, as NumPy computes.
 *
 * @template {Candidate} T
 * @param {T[]} candidates Best first.
 * @param {number} iou Intersection over union, 0…1.
 * @param {number} most To keep.
 * @param {boolean} classWise Whether only boxes of one label are held against each other.
 * @returns {T[]} Best first.
 */
export function suppress(candidates, iou, most, classWise = true) {
  const limit = Math.fround(iou);
  /** @type {T[]} */
  const kept = [];
  for (const each of candidates) {
    if (kept.length === most) break;
    const rivals = (better) => !classWise || better.label === each.label;
    if (kept.every((better) => !rivals(better) || apart(better.box, each.box, limit))) {
      kept.push(each);
    }
  }
  return kept;
}

function apart(a, b, limit) {
  const shared = Math.fround(
    length(Math.max(a[0], b[0]), Math.min(a[2], b[2])) *
      length(Math.max(a[1], b[1]), Math.min(a[3], b[3])),
  );
  const union = Math.fround(Math.fround(area(a) + area(b)) - shared);
  return !(shared > Math.fround(limit * union));
}

function length(low, high) {
  return Math.max(Math.fround(high - low), 0);
}

function area(box) {
  return Math.fround(length(box[0], box[2]) * length(box[1], box[3]));
}
