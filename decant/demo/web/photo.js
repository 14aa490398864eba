/** Pictures as pixels: from files, from the camera, and as JPEG for feedback. */

import { Refusal } from "./refusal.js";

/** Of the feedback archive; the largest canvas of some phones is smaller still. */
const MOST_PIXELS = 64_000_000;
const QUALITY = 0.95;

/**
 * A photo: what it looks like and its pixels.
 *
 * @typedef {{canvas: HTMLCanvasElement, pixels: ImageData, width: number, height: number}} Photo
 */

/**
 * Decodes a picture file and turns it upright.
 *
 * @param {File} file
 * @returns {Promise<Photo>}
 */
export async function decodePhoto(file) {
  const name = file.name ?? "";
  let bitmap;
  try {
    // Pixels as the file has them: Python takes no notice of colour profiles either.
    bitmap = await createImageBitmap(file, {
      imageOrientation: "from-image",
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
    });
  } catch {
    throw new Refusal("noPicture", { name });
  }
  try {
    return grab(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

/**
 * Copies what a picture or a video shows.
 *
 * @param {CanvasImageSource} source
 * @param {number} width
 * @param {number} height
 * @param {HTMLCanvasElement} canvas To draw on.
 * @returns {Photo}
 */
export function grab(source, width, height, canvas = document.createElement("canvas")) {
  if (width * height > MOST_PIXELS) throw new Refusal("tooManyPixels", { width, height });
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Refusal("tooManyPixels", { width, height });
  context.drawImage(source, 0, 0);
  return { canvas, pixels: context.getImageData(0, 0, width, height), width, height };
}

/**
 * @param {Photo} photo
 * @returns {Promise<Uint8Array<ArrayBuffer>>} A JPEG with nothing but the pixels in it.
 */
export async function encodePhoto(photo) {
  const blob = await new Promise((done) => photo.canvas.toBlob(done, "image/jpeg", QUALITY));
  const { width, height } = photo;
  if (blob === null) throw new Refusal("tooManyPixels", { width, height });
  return withoutMetadata(new Uint8Array(await blob.arrayBuffer()));
}

/**
 * Takes out of a JPEG whatever is not needed to show it: some browsers write EXIF of their own.
 *
 * @param {Uint8Array} jpeg
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function withoutMetadata(jpeg) {
  const parts = [jpeg.subarray(0, 2)];
  let at = 2;
  while (jpeg[at] === 0xff && jpeg[at + 1] !== 0xda) {
    const end = at + 2 + (jpeg[at + 2] << 8) + jpeg[at + 3];
    const marker = jpeg[at + 1];
    const segment = jpeg.subarray(at, end);
    // APP1 to APP13 and APP15 are metadata, FE is a comment; E0 is JFIF, E2 colour, EE Adobe's.
    const isColour = marker === 0xe0 || marker === 0xee || isColourProfile(segment);
    if (marker < 0xe0 || isColour) parts.push(segment);
    at = end;
  }
  parts.push(jpeg.subarray(at));
  const clean = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let to = 0;
  for (const part of parts) {
    clean.set(part, to);
    to += part.length;
  }
  return clean;
}

/** Whether a segment is an ICC profile, with nothing before or after it: anything else may be hidden. */
function isColourProfile(segment) {
  const profile = segment.subarray(18);
  const text = (from, to) => String.fromCharCode(...segment.subarray(from, to));
  if (segment[1] !== 0xe2 || text(4, 18) !== "ICC_PROFILE\0\x01\x01") return false;
  if (profile.length < 40) return false;
  const { buffer, byteOffset } = profile;
  const size = new DataView(buffer, byteOffset).getUint32(0);
  return size === profile.length && text(54, 58) === "acsp";
}
