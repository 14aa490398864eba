/** Quads: four corners [x, y], clockwise from the top left. */

/** @typedef {[number, number][]} Quad */

/**
 * @param {Quad} quad
 * @returns {Quad}
 */
export function copied(quad) {
  return quad.map(([x, y]) => [x, y]);
}

/** Of the upright box around a quad. */
export function area(quad) {
  const [xs, ys] = [0, 1].map((axis) => quad.map((point) => point[axis]));
  return (Math.max(...xs) - Math.min(...xs)) * (Math.max(...ys) - Math.min(...ys));
}

/**
 * Whether a point lies in a quad: a ray to the left crosses the outline an odd number of times.
 *
 * @param {number[]} point
 * @param {Quad} quad
 */
export function inside([x, y], quad) {
  let odd = false;
  quad.forEach(([ax, ay], i) => {
    const [bx, by] = quad[(i + 1) % 4];
    if (ay > y !== by > y && x > ax + ((y - ay) / (by - ay)) * (bx - ax)) odd = !odd;
  });
  return odd;
}

/**
 * The quad between two points: top left, top right, bottom right, bottom left.
 *
 * @returns {Quad}
 */
export function rectangle(a, b) {
  const [left, right] = [Math.min(a[0], b[0]), Math.max(a[0], b[0])];
  const [top, bottom] = [Math.min(a[1], b[1]), Math.max(a[1], b[1])];
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

/**
 * Moves a corner of an upright box, which stays upright: the opposite corner stays where it is.
 *
 * @param {Quad} quad
 * @param {number} corner
 * @param {number[]} point At most as far as the opposite corner.
 * @returns {Quad}
 */
export function stretched(quad, corner, [x, y]) {
  const [oppositeX, oppositeY] = quad[(corner + 2) % 4];
  const isLeft = corner === 0 || corner === 3;
  const across = isLeft ? Math.min(x, oppositeX) : Math.max(x, oppositeX);
  const down = corner < 2 ? Math.min(y, oppositeY) : Math.max(y, oppositeY);
  return rectangle([across, down], [oppositeX, oppositeY]);
}

/**
 * Moves a quad as a whole, as far as the photo goes, to tenths of a pixel.
 *
 * @param {Quad} quad
 * @param {number[]} way Along x and y.
 * @param {{width: number, height: number}} size Of the photo.
 * @returns {Quad}
 */
export function shifted(quad, way, { width, height }) {
  const steps = [width, height].map((most, axis) => {
    const values = quad.map((point) => point[axis]);
    // A prediction may reach beyond the photo already.
    const low = Math.min(0, -Math.min(...values));
    const high = Math.max(0, most - Math.max(...values));
    return Math.min(Math.max(way[axis], low), high);
  });
  return quad.map(([x, y]) => [
    Math.round(10 * (x + steps[0])) / 10,
    Math.round(10 * (y + steps[1])) / 10,
  ]);
}

/**
 * Intersection over union of two quads.
 *
 * @param {Quad} found
 * @param {Quad} expected Convex.
 */
export function quadOverlap(found, expected) {
  // A label of the whole photo has no quad.
  if (found.length === 0 && expected.length === 0) return 1;
  let shared = found;
  const turn = Math.sign(signedArea(expected));
  expected.forEach((from, i) => {
    shared = cut(shared, from, expected[(i + 1) % expected.length], turn);
  });
  const common = Math.abs(signedArea(shared));
  const union = Math.abs(signedArea(found)) + Math.abs(signedArea(expected)) - common;
  if (union > 0) return common / union;
  // Without an area it is the same quad or another.
  return Number(found.every((point, i) => point.every((value, axis) => value === expected[i][axis])));
}

function signedArea(points) {
  const sum = points.reduce((total, [ax, ay], i) => {
    const [bx, by] = points[(i + 1) % points.length];
    return total + ax * by - bx * ay;
  }, 0);
  return sum / 2;
}

/** Keeps what lies on the inner side of a line (Sutherland and Hodgman, 1974). */
function cut(points, [ax, ay], [bx, by], turn) {
  const side = ([x, y]) => turn * ((bx - ax) * (y - ay) - (by - ay) * (x - ax));
  return points.flatMap((point, i) => {
    const next = points[(i + 1) % points.length];
    const [here, there] = [side(point), side(next)];
    const kept = here >= 0 ? [point] : [];
    if (here >= 0 === there >= 0) return kept;
    const share = here / (here - there);
    return [...kept, point.map((value, axis) => value + share * (next[axis] - value))];
  });
}
