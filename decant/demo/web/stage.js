/** Shows a photo with boxes over it, whose lines and text keep their size at any scale. */

import { coverWith } from "./masks.js";
import { placeTags } from "./tags.js";

const SVG = "http://www.w3.org/2000/svg";
/** Longest side of what is shown; the model has all pixels. */
const SHOWN_PIXELS = 1600;
/** Of captions, in pixels of the page. */
const TAG_HEIGHT = 18;
const TAG_SPACE = 4;

/** Makes an SVG element. */
export function shape(name, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  return element;
}

export class Stage {
  #canvas;
  #unit = 1;
  /** Captions that are shown, and the quads that they are of. */
  #tags = [];

  /** @param {HTMLElement} figure With a canvas and an svg in it. */
  constructor(figure) {
    this.#canvas = figure.querySelector("canvas");
    this.figure = figure;
    /** @type {SVGSVGElement} */
    this.svg = figure.querySelector("svg");
    this.size = { width: 1, height: 1 };
    new ResizeObserver(() => this.#measure()).observe(figure);
  }

  /** @param {import("./photo.js").Photo} photo */
  show(photo) {
    const { width, height } = photo;
    const scale = Math.min(1, SHOWN_PIXELS / Math.max(width, height));
    const [across, down] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
    if (this.#canvas.width !== across || this.#canvas.height !== down) {
      this.#canvas.width = across;
      this.#canvas.height = down;
    }
    this.#canvas.getContext("2d").drawImage(photo.canvas, 0, 0, across, down);
    if (this.size.width === width && this.size.height === height) return;
    this.size = { width, height };
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.figure.style.setProperty("--ratio", String(width / height));
    this.#measure();
  }

  /** Draws the labels of pixels over the photo. @param {import("./decode.js").Mask} mask */
  cover(mask) {
    coverWith(this.#canvas.getContext("2d"), mask);
  }

  /** Photo pixels per pixel of the page. */
  get unit() {
    return this.#unit;
  }

  #measure() {
    const shown = this.svg.getBoundingClientRect().width;
    if (shown === 0) return;
    this.#unit = this.size.width / shown;
    this.svg.style.setProperty("--unit", String(this.#unit));
    this.#placeTags();
  }

  /**
   * Draws what was found, in place of what was there.
   *
   * @param {import("./decode.js").Prediction[]} predictions
   * @param {(prediction: import("./decode.js").Prediction) => string} caption
   */
  draw(predictions, caption) {
    const found = predictions.filter(({ quad }) => quad.length > 0);
    this.#tags = found.map((each) => {
      const tag = shape("g", { class: "tag" });
      const text = shape("text", {}, caption(each));
      tag.append(shape("rect"), text);
      return { quad: each.quad, tag, text };
    });
    // Captions lie above all lines.
    this.svg.replaceChildren(
      ...found.flatMap(({ quad }) => outline(quad)),
      ...this.#tags.map(({ tag }) => tag),
    );
    this.#placeTags();
  }

  /** Puts the captions where they fit; their size is that of the page, whatever the photo's. */
  #placeTags() {
    // Text has no length where nothing is shown; `#measure` comes back when it is.
    if (this.svg.getBoundingClientRect().width === 0) return;
    const [height, space] = [TAG_HEIGHT * this.#unit, TAG_SPACE * this.#unit];
    const sizes = this.#tags.map(({ text }) => [text.getComputedTextLength() + 2 * space, height]);
    const quads = this.#tags.map(({ quad }) => quad);
    placeTags(quads, sizes, this.size, space).forEach(([x, y], index) => {
      const { tag, text } = this.#tags[index];
      const rect = { x, y, width: sizes[index][0], height, rx: space / 2 };
      for (const [name, value] of Object.entries(rect)) tag.firstChild.setAttribute(name, value);
      text.setAttribute("x", x + space);
      text.setAttribute("y", y + height / 2);
    });
  }
}

/** A line that shows on light and on dark photos. */
export function outline(quad) {
  const points = quad.map((point) => point.join(",")).join(" ");
  return [shape("polygon", { class: "halo", points }), shape("polygon", { class: "box", points })];
}
