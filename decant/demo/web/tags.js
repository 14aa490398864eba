/** Finds places for captions: at a corner of their box, off the boxes and off one another. */

import { inside } from "./geometry.js";

/** Which sides of a corner a caption may lie on: above or beside it, at last below. */
const SIDES = [
  [0, -1],
  [-1, -1],
  [-1, 0],
  [0, 0],
];
/** A caption that covers another is worse than one that covers a box: none can be read. */
const COVERS_TAG = 4;
/** What a caption may cover before it leaves its box's first corner. */
const ELSEWHERE = 0.25;

/**
 * @typedef {import("./geometry.js").Quad} Quad
 * @typedef {{x: number, y: number, width: number, height: number}} Rect
 */

/**
 * Places captions one after the other, each where it covers least.
 *
 * @param {Quad[]} quads Best first.
 * @param {number[][]} sizes Width and height of each caption.
 * @param {{width: number, height: number}} photo
 * @param {number} gap Between a caption and its corner.
 * @returns {[number, number][]} Left and top of each.
 */
export function placeTags(quads, sizes, photo, gap) {
  /** @type {Rect[]} */
  const placed = [];
  quads.forEach((quad, index) => {
    const [width, height] = sizes[index];
    let [best, least] = [null, Infinity];
    for (const { x, y, corner } of places(quad, width, height, gap)) {
      const rect = {
        x: Math.max(0, Math.min(x, photo.width - width)),
        y: Math.max(0, Math.min(y, photo.height - height)),
        width,
        height,
      };
      const covered = coveredBoxes(rect, quads) + COVERS_TAG * coveredTags(rect, placed);
      const cost = covered + (corner === 0 ? 0 : ELSEWHERE);
      if (cost < least) [best, least] = [rect, cost];
    }
    placed.push(best);
  });
  return placed.map(({ x, y }) => [x, y]);
}

/**
 * Left and top of where a caption may be: at the box's first corner, else at its neighbours.
 *
 * @param {Quad} quad
 */
function places(quad, width, height, gap) {
  return [0, 1, 3].flatMap((corner) => {
    const [x, y] = quad[corner];
    return SIDES.map(([across, down]) => ({
      x: across ? x - width - (down ? 0 : gap) : x,
      y: down ? y - height - gap : y + (across ? 0 : gap),
      corner,
    }));
  });
}

/** The share of a caption that lies on boxes, by samples. */
function coveredBoxes({ x, y, width, height }, quads) {
  const points = [0, 0.25, 0.5, 0.75, 1].flatMap((across) =>
    [0, 0.5, 1].map((down) => [x + across * width, y + down * height]),
  );
  const covered = points.filter((point) => quads.some((quad) => inside(point, quad)));
  return covered.length / points.length;
}

/** The share of a caption that lies on others. */
function coveredTags(rect, placed) {
  const shared = placed.map((each) => {
    const across = Math.min(rect.x + rect.width, each.x + each.width) - Math.max(rect.x, each.x);
    const down = Math.min(rect.y + rect.height, each.y + each.height) - Math.max(rect.y, each.y);
    return Math.max(0, across) * Math.max(0, down);
  });
  return shared.reduce((sum, each) => sum + each, 0) / (rect.width * rect.height);
}
