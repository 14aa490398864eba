/** Elements of a model file's tensors, and the real numbers that they stand for. */

/** Typed arrays by the NumPy names that LiteRT.js can take or give. */
export const ARRAYS = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };

/**
 * Turns real values into uint8 elements; halves go away from zero, as TFLite's QUANTIZE.
 *
 * @param {import("./sidecar.js").TensorInfo} info
 * @param {Float32Array} values
 * @returns {Uint8Array}
 */
export function quantize(info, values) {
  if (info.scale === null) return Uint8Array.from(values);
  const scale = Math.fround(info.scale);
  return Uint8Array.from(values, (value) => {
    const scaled = Math.fround(value / scale);
    const rounded = Math.trunc(Math.fround(scaled + (scaled < 0 ? -0.5 : 0.5)));
    return Math.min(Math.max(rounded + info.zero_point, 0), 255);
  });
}

/**
 * Turns elements into real values.
 *
 * @param {import("./sidecar.js").TensorInfo} info
 * @param {Float32Array | Int32Array | Uint8Array} elements
 * @returns {Float32Array}
 */
export function dequantize(info, elements) {
  if (info.scale === null) return Float32Array.from(elements);
  const scale = Math.fround(info.scale);
  return Float32Array.from(elements, (element) => (element - info.zero_point) * scale);
}
