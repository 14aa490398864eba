/** Shows a photo with boxes over it, whose lines and text keep their size at any scale. */

const SVG = "http://www.w3.org/2000/svg";
/** Longest side of what is shown; the model has all pixels. */
const SHOWN_PIXELS = 1600;

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

  /** Photo pixels per pixel of the page. */
  get unit() {
    return this.#unit;
  }

  #measure() {
    const shown = this.svg.getBoundingClientRect().width;
    if (shown === 0) return;
    this.#unit = this.size.width / shown;
    this.svg.style.setProperty("--unit", String(this.#unit));
  }

  /**
   * Draws what was found, in place of what was there.
   *
   * @param {import("./decode.js").Prediction[]} predictions
   * @param {(prediction: import("./decode.js").Prediction) => string} caption
   */
  draw(predictions, caption) {
    this.svg.replaceChildren(
      ...predictions.map((each) => {
        const group = shape("g");
        if (each.quad.length) group.append(...outline(each.quad), this.#tag(each, caption(each)));
        return group;
      }),
    );
  }

  #tag(prediction, text) {
    const [x, y] = highest(prediction.quad);
    return shape("text", { class: "tag", x, y: Math.max(y, 16 * this.#unit), dy: "-0.35em" }, text);
  }
}

/** A line that shows on light and on dark photos. */
export function outline(quad) {
  const points = quad.map((point) => point.join(",")).join(" ");
  return [shape("polygon", { class: "halo", points }), shape("polygon", { class: "box", points })];
}

/** The corner that text goes to. */
function highest(quad) {
  const left = Math.min(...quad.map((point) => point[0]));
  const top = Math.min(...quad.map((point) => point[1]));
  return [left, top];
}
