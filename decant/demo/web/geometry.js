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

/** Whether a point lies in a quad: a ray to the left crosses the outline an odd number of times. */
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
