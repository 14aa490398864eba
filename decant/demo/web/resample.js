/**
 * Resizes pictures exactly, to the bits that Python and the phone compute (decant/contract/resample.py).
 *
 * Each axis has integer weights, and a new pixel is their sum, rounded once at the end (half up).
 */

/**
 * The weights with which the pixels of one axis make `count` new ones, from number `from` on.
 *
 * New pixel i is the sum of weights[k] * pixel[first[i] + k - start[i]] for k from start[i] to
 * start[i + 1], divided by total.
 *
 * @typedef {{
 *   count: number, first: Int32Array, start: Int32Array, weights: Int32Array, total: number,
 * }} Axis
 */

/**
 * @param {number} source Old pixels.
 * @param {number} target New pixels.
 * @param {number} from First new pixel that is wanted.
 * @param {number} count How many are wanted.
 * @param {boolean} area Average over the old pixels covered where the axis shrinks.
 * @returns {Axis}
 */
export function weigh(source, target, from, count, area) {
  return source === target || (area && target < source)
    ? overlaps(source, target, from, count)
    : neighbours(source, target, from, count);
}

/** Weighs each old pixel by the length of it that the new one covers, in common units. */
function overlaps(source, target, from, count) {
  const divisor = greatestCommonDivisor(source, target);
  const [newLength, oldLength] = [source / divisor, target / divisor];
  return collect(count, newLength, (i) => {
    const begin = (from + i) * newLength;
    const end = begin + newLength;
    const first = Math.floor(begin / oldLength);
    const weights = [];
    for (let j = first; j * oldLength < end; j++) {
      weights.push(Math.min((j + 1) * oldLength, end) - Math.max(j * oldLength, begin));
    }
    return [first, weights];
  });
}

/** Interpolates between pixel centres, in units of 1 / (2 * target) of an old pixel. */
function neighbours(source, target, from, count) {
  const unit = 2 * target;
  return collect(count, unit, (i) => {
    const position = (2 * (from + i) + 1) * source - target;
    const left = Math.floor(position / unit);
    const beyond = position - left * unit;
    const first = Math.min(Math.max(left, 0), source - 1);
    // At the border the picture goes on as its last pixel.
    const alone = left < 0 || left >= source - 1 || beyond === 0;
    return [first, alone ? [unit] : [unit - beyond, beyond]];
  });
}

/** @returns {Axis} */
function collect(count, total, pixel) {
  const first = new Int32Array(count);
  const start = new Int32Array(count + 1);
  const weights = [];
  for (let i = 0; i < count; i++) {
    const [at, found] = pixel(i);
    first[i] = at;
    weights.push(...found);
    start[i + 1] = weights.length;
  }
  return { count, first, start, weights: Int32Array.from(weights), total };
}

function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * Resizes a picture.
 *
 * @param {Uint8ClampedArray | Uint8Array} rgba Rows of `width` pixels.
 * @param {number} width Of the picture.
 * @param {Axis} across
 * @param {Axis} down
 * @returns {Uint8Array} RGB, across.count * down.count pixels.
 */
export function resample(rgba, width, across, down) {
  const sums = new Int32Array(3 * width);
  const pixels = new Uint8Array(3 * across.count * down.count);
  for (let y = 0; y < down.count; y++) {
    sums.fill(0);
    for (let k = down.start[y]; k < down.start[y + 1]; k++) {
      addRow(rgba, (down.first[y] + k - down.start[y]) * width, down.weights[k], sums);
    }
    mix(sums, across, down.total, pixels.subarray(3 * across.count * y));
  }
  return pixels;
}

/** Adds a weighted row to the columns' sums. */
function addRow(rgba, row, weight, sums) {
  let at = 4 * row;
  for (let i = 0; i < sums.length; i += 3, at += 4) {
    sums[i] += rgba[at] * weight;
    sums[i + 1] += rgba[at + 1] * weight;
    sums[i + 2] += rgba[at + 2] * weight;
  }
}

/** Makes a row of new pixels. Sums stay below 2^53 and totals below 2^44, so floor is exact. */
function mix(sums, across, downTotal, row) {
  const total = across.total * downTotal;
  const half = Math.floor(total / 2);
  for (let x = 0; x < across.count; x++) {
    let [red, green, blue] = [half, half, half];
    let column = 3 * across.first[x];
    for (let k = across.start[x]; k < across.start[x + 1]; k++, column += 3) {
      red += sums[column] * across.weights[k];
      green += sums[column + 1] * across.weights[k];
      blue += sums[column + 2] * across.weights[k];
    }
    row[3 * x] = Math.floor(red / total);
    row[3 * x + 1] = Math.floor(green / total);
    row[3 * x + 2] = Math.floor(blue / total);
  }
}
