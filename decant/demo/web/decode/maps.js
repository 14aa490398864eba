/**
 * Maps that a network draws over its input, taken back to the pixels of the photo (decode/maps.py).
 *
 * A map covers the whole tensor. Each pixel of the photo takes the value at its centre, interpolated
 * between the centres of the four cells around it in float32, columns first. Cells that lie wholly on
 * the border of a letterbox are cut away before, so that they colour no pixel.
 */

/**
 * Where the pixels of one axis lie between the cells of a map: the cell before each pixel's centre,
 * the cell after it, and how far it is from the one to the other, 0…1; from `first` to before `end`
 * are the pixels that the tensor holds, a crop cuts the others away.
 *
 * @typedef {{low: Int32Array, high: Int32Array, beyond: Float32Array, first: number, end: number}} Axis
 */

/**
 * @param {number} cells Of the map.
 * @param {{scale: number, offset: number, size: number, tensor: number}} placement Of the photo.
 * @returns {Axis}
 */
export function axisOf(cells, { scale, offset, size, tensor }) {
  const covered = (Math.min(tensor, size * scale + offset) * cells) / tensor;
  // A photo ends on a whole pixel of the tensor; the sum may be off by the last bits.
  const last = Math.max(0, Math.ceil(covered - 1e-6) - 1);
  const low = new Int32Array(size);
  const high = new Int32Array(size);
  const beyond = new Float32Array(size);
  let [first, end] = [size, 0];
  for (let pixel = 0; pixel < size; pixel++) {
    const inTensor = (pixel + 0.5) * scale + offset;
    if (inTensor > 0 && inTensor < tensor) {
      first = Math.min(first, pixel);
      end = pixel + 1;
    }
    const at = Math.min(Math.max(inTensor * (cells / tensor) - 0.5, 0), last);
    low[pixel] = Math.floor(at);
    high[pixel] = Math.min(low[pixel] + 1, last);
    beyond[pixel] = at - low[pixel];
  }
  return { low, high, beyond, first, end };
}

/** One map [h, w], read row by row of the photo from the top. */
export class Plane {
  #view;
  #start;
  #across;
  #down;
  /** The two rows of the map last used, widened to the photo. */
  #lines = [new Float32Array(0), new Float32Array(0)];
  #rows = [-1, -1];
  #row;

  /**
   * @param {import("./rule.js").View} view An output [N, K, h, w].
   * @param {number} map Which of the K.
   * @param {Axis} across
   * @param {Axis} down
   */
  constructor(view, map, across, down) {
    this.#view = view;
    this.#start = map * view.steps[1];
    this.#across = across;
    this.#down = down;
    const width = across.low.length;
    this.#lines = [new Float32Array(width), new Float32Array(width)];
    this.#row = new Float32Array(width);
  }

  /** Gives the values at a row of the photo; the next call overwrites them. */
  row(y) {
    const { low, high, beyond } = this.#down;
    const [above, below] = this.#linesAt(low[y], high[y]);
    const share = beyond[y];
    const row = this.#row;
    for (let x = 0; x < row.length; x++) row[x] = between(above[x], below[x], share);
    return row;
  }

  /** Widens two rows of the map, unless they are there already. */
  #linesAt(low, high) {
    // What was below is above now.
    if (this.#rows[1] === low && low !== high) {
      this.#rows.reverse();
      this.#lines.reverse();
    }
    [low, high].forEach((row, i) => {
      if (this.#rows[i] !== row) this.#widen(row, this.#lines[i]);
      this.#rows[i] = row;
    });
    return this.#lines;
  }

  #widen(row, line) {
    const { values, steps } = this.#view;
    const { low, high, beyond } = this.#across;
    const start = this.#start + row * steps[2];
    const step = steps[3];
    for (let x = 0; x < line.length; x++) {
      line[x] = between(values[start + low[x] * step], values[start + high[x] * step], beyond[x]);
    }
  }
}

function between(low, high, share) {
  return low + Math.fround(Math.fround(high - low) * share);
}
