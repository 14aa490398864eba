/** Photo to input tensor by the sidecar's image rule, and points back (decant/contract/images.py). */

import { resample, weigh } from "./resample.js";
import { quantize } from "./tensor.js";

/**
 * Where the photo lies in the tensor: tensor xy = photo xy * scale + offset, in pixels.
 *
 * @typedef {{
 *   scaleX: number, scaleY: number, offsetX: number, offsetY: number,
 *   width: number, height: number, tensorWidth: number, tensorHeight: number,
 * }} Placement Of a photo of `width` and `height`.
 */

/**
 * @param {number} width Of the photo.
 * @param {number} height Of the photo.
 * @param {import("./sidecar.js").ImageRule} rule
 * @returns {Placement}
 */
export function place(width, height, rule) {
  const [across, down] = [rule.width / width, rule.height / height];
  const sizes = { width, height, tensorWidth: rule.width, tensorHeight: rule.height };
  if (rule.resize === "stretch") {
    return { scaleX: across, scaleY: down, offsetX: 0, offsetY: 0, ...sizes };
  }
  const crops = rule.resize === "crop";
  const scale = crops ? Math.max(across, down) : Math.min(across, down);
  // The resized photo has whole pixels, so the scale of each axis is what they make it.
  const newWidth = Math.max(1, roundHalfEven(width * scale));
  const newHeight = Math.max(1, roundHalfEven(height * scale));
  return {
    scaleX: newWidth / width,
    scaleY: newHeight / height,
    offsetX: crops ? -Math.floor((newWidth - rule.width) / 2) : 0,
    offsetY: crops ? -Math.floor((newHeight - rule.height) / 2) : 0,
    ...sizes,
  };
}

/**
 * Maps a tensor coordinate to the photo's, without clipping.
 *
 * @param {Placement} placement
 * @param {number} x
 * @param {number} y
 * @returns {[number, number]}
 */
export function toPhoto(placement, x, y) {
  return [
    Math.fround((x - placement.offsetX) / placement.scaleX),
    Math.fround((y - placement.offsetY) / placement.scaleY),
  ];
}

/** As Python's round. */
export function roundHalfEven(value) {
  const low = Math.floor(value);
  const beyond = value - low;
  if (beyond !== 0.5) return beyond < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

/**
 * Fits a photo into the rule's height and width.
 *
 * @param {Uint8ClampedArray | Uint8Array} rgba
 * @param {number} width
 * @param {number} height
 * @param {import("./sidecar.js").ImageRule} rule
 * @returns {{pixels: Uint8Array, placement: Placement}} Pixels [H, W, C] in the rule's colour.
 */
export function fit(rgba, width, height, rule) {
  const placement = place(width, height, rule);
  const area = rule.shrink === "area";
  const axis = (source, scale, offset, length) => {
    const fitted = roundHalfEven(source * scale);
    return weigh(source, fitted, -offset, Math.min(length, fitted), area);
  };
  const across = axis(width, placement.scaleX, placement.offsetX, rule.width);
  const down = axis(height, placement.scaleY, placement.offsetY, rule.height);
  const rgb = resample(rgba, width, across, down);
  return { pixels: onCanvas(rgb, across.count, down.count, rule), placement };
}

/** Reorders RGB pixels to the rule's channels and pads them on the right and at the bottom. */
function onCanvas(rgb, width, height, rule) {
  const channels = rule.colour === "grey" ? 1 : 3;
  const pixels = new Uint8Array(rule.height * rule.width * channels).fill(rule.padding);
  for (let y = 0; y < height; y++) {
    let from = 3 * width * y;
    let to = channels * rule.width * y;
    for (let x = 0; x < width; x++, from += 3, to += channels) {
      if (channels === 1) {
        pixels[to] = grey(rgb[from], rgb[from + 1], rgb[from + 2]);
      } else {
        const [first, last] = rule.colour === "rgb" ? [0, 2] : [2, 0];
        pixels[to] = rgb[from + first];
        pixels[to + 1] = rgb[from + 1];
        pixels[to + 2] = rgb[from + last];
      }
    }
  }
  return pixels;
}

/** BT.601 luma in units of 2^-15, as OpenCV's RGB2GRAY. */
function grey(red, green, blue) {
  return (9798 * red + 19235 * green + 3735 * blue + (1 << 14)) >> 15;
}

/**
 * Makes the elements of the image input out of fitted pixels.
 *
 * @param {Uint8Array} pixels [H, W, C].
 * @param {import("./sidecar.js").ImageInput} image
 * @param {import("./sidecar.js").TensorInfo} info Of the input; each of a batch gets the photo.
 * @returns {Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>}
 */
export function normalise(pixels, image, info) {
  const { rule } = image;
  const channels = rule.colour === "grey" ? 1 : 3;
  const tables = Array.from({ length: channels }, (_, channel) => table(image, info, channel));
  const cells = rule.height * rule.width;
  const [cellStep, channelStep] = info.layout === "nhwc" ? [channels, 1] : [1, cells];
  const Elements = info.dtype === "float32" ? Float32Array : Uint8Array;
  const one = new Elements(cells * channels);
  for (let channel = 0; channel < channels; channel++) {
    const values = tables[channel];
    for (let cell = 0; cell < cells; cell++) {
      one[cell * cellStep + channel * channelStep] = values[pixels[cell * channels + channel]];
    }
  }
  const [batch] = info.shape;
  if (batch === 1) return one;
  const all = new Elements(batch * one.length);
  for (let i = 0; i < batch; i++) all.set(one, i * one.length);
  return all;
}

/** The elements for the 256 values that a pixel has; float32 throughout, as NumPy computes. */
function table(image, info, channel) {
  const { mean, std } = image.rule;
  const real = Float32Array.from({ length: 256 }, (_, value) => {
    if (image.normalised_by === "file") return value;
    const centred = Math.fround(Math.fround(value / 255) - Math.fround(mean[channel]));
    return centred / Math.fround(std[channel]);
  });
  return info.dtype === "float32" ? real : quantize(info, real);
}
