/** Shows which label each pixel of a photo has: a coloured layer, and what its colours stand for. */

import { UNSEEN } from "./decode/segmentation.js";
import { line } from "./lines.js";
import { t } from "./text.js";

/** @typedef {import("./decode/rule.js").Mask} Mask */

/** Of 255, as in the report. */
const OPACITY = 150;
/** Of a turn of the colour wheel: hues that far apart stay apart, however many there are. */
const GOLDEN_ANGLE = 0.381966;
/** What the model did not see is dark. */
const UNSEEN_COLOUR = [0, 0, 0, 170];

/**
 * The colour of a label, as the report has it; the photo shows through the first, which mostly is the
 * background.
 *
 * @param {number} label
 * @returns {[number, number, number] | null} Red, green and blue.
 */
export function maskColour(label) {
  if (label === 0) return null;
  const value = Math.floor(label / 8) % 2 ? 0.7 : 0.95;
  const hue = ((label * GOLDEN_ANGLE) % 1) * 6;
  // A channel is full within a sixth of the wheel of its own hue, and fades over another.
  const channel = (own) => {
    const away = Math.abs(((hue - own + 9) % 6) - 3);
    const share = Math.min(Math.max(2 - away, 0), 1);
    return Math.round(255 * value * (1 - 0.85 * (1 - share)));
  };
  return [channel(0), channel(2), channel(4)];
}

/**
 * Draws a layer over a photo.
 *
 * @param {CanvasRenderingContext2D} context On which the whole photo is drawn.
 * @param {Mask} mask
 */
export function coverWith(context, mask) {
  const { width, height } = context.canvas;
  const layer = new OffscreenCanvas(width, height);
  const shown = layer.getContext("2d");
  const picture = shown.createImageData(width, height);
  const colours = new Map([[UNSEEN, UNSEEN_COLOUR]]);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * mask.height) / height) * mask.width;
    for (let x = 0; x < width; x++) {
      const label = mask.labels[row + Math.floor(((x + 0.5) * mask.width) / width)];
      if (!colours.has(label)) colours.set(label, layerColour(label));
      const colour = colours.get(label);
      if (colour !== null) picture.data.set(colour, 4 * (y * width + x));
    }
  }
  shown.putImageData(picture, 0, 0);
  context.drawImage(layer, 0, 0);
}

function layerColour(label) {
  const colour = maskColour(label);
  return colour === null ? null : [...colour, OPACITY];
}

/**
 * Says what the colours stand for.
 *
 * @param {import("./decode.js").Prediction[]} predictions The labels that there are.
 * @param {string[]} labels By index.
 * @param {Mask} mask
 * @returns {HTMLLIElement[]}
 */
export function legend(predictions, labels, mask) {
  const lines = predictions.map(({ label, score }) => {
    const colour = maskColour(labels.indexOf(label));
    const share = `${(100 * score).toFixed(1)} %`;
    return explained([label, share], colour ?? []);
  });
  if (mask.labels.includes(UNSEEN)) lines.push(explained([t("unseen")], [0, 0, 0]));
  return lines;
}

/** Says what a colour stands for; none is a swatch that is clear. */
function explained(texts, colour) {
  const item = line(texts);
  const swatch = document.createElement("i");
  if (colour.length > 0) swatch.style.background = `rgb(${colour.join(" ")})`;
  item.prepend(swatch);
  return item;
}

/**
 * The share of pixels to which two masks of one photo give the same label.
 *
 * @param {Mask} left
 * @param {Mask} right
 */
export function sameShare(left, right) {
  let [same, seen] = [0, 0];
  left.labels.forEach((label, index) => {
    if (label === UNSEEN) return;
    seen++;
    if (label === right.labels[index]) same++;
  });
  return seen === 0 ? 1 : same / seen;
}
