/** The boxes of an answer while the user corrects them: what there is and what is selected. */

import { corrections } from "./feedback.js";
import { area, copied, inside, rectangle, shifted, stretched } from "./geometry.js";

/** Boxes of fewer photo pixels are slips of the finger. */
const SMALLEST = 3;

/**
 * @typedef {import("./geometry.js").Quad} Quad
 * @typedef {{items: import("./feedback.js").Item[], remark: string}} Draft What can be gone on with.
 */

export class Boxes {
  /** @type {import("./decode.js").Prediction[]} */
  #predictions;
  #size;
  #upright;

  /**
   * @param {import("./decode.js").Prediction[]} predictions Each with a quad.
   * @param {{width: number, height: number}} size Of the photo.
   * @param {boolean} upright Whether a corner that is moved takes its neighbours along.
   */
  constructor(predictions, size, upright) {
    this.#predictions = predictions;
    this.#size = size;
    this.#upright = upright;
    this.selected = -1;
    /** @type {import("./feedback.js").Item[]} */
    this.items = predictions.map(({ label, quad }, prediction) => ({
      label,
      quad: copied(quad),
      prediction,
      deleted: false,
    }));
  }

  /** The selected box. */
  get item() {
    return this.items[this.selected];
  }

  /** @returns {import("./feedback.js").Item[]} */
  copyOfItems() {
    return this.items.map((each) => ({ ...each, quad: copied(each.quad) }));
  }

  /** @returns {import("./feedback.js").Correction[]} */
  corrections(remark) {
    return corrections(this.#predictions, this.items, remark);
  }

  /** How many changes the user sees; another label is a deletion and an addition to the record. */
  changes(remark) {
    const relabelled = this.items.filter(
      ({ prediction, label, deleted }) =>
        prediction !== null && !deleted && label !== this.#predictions[prediction].label,
    );
    return this.corrections(remark).length - relabelled.length;
  }

  /**
   * Keeps a point on the photo, to a tenth of a pixel.
   *
   * @param {number[]} point
   * @returns {[number, number]}
   */
  inside([x, y]) {
    const { width, height } = this.#size;
    const [across, down] = [Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)];
    return [Math.round(10 * across) / 10, Math.round(10 * down) / 10];
  }

  /** The corner of the selected box that is nearest to a point, within reach; -1 if none. */
  cornerAt([x, y], reach) {
    if (this.item === undefined) return -1;
    const distances = this.item.quad.map((point) => Math.hypot(point[0] - x, point[1] - y));
    const nearest = Math.min(...distances);
    return nearest <= reach ? distances.indexOf(nearest) : -1;
  }

  /** The smallest box there, so that one inside another can be had; -1 if there is none. */
  boxAt(point) {
    let [found, smallest] = [-1, Infinity];
    this.items.forEach(({ quad, deleted }, index) => {
      const size = area(quad);
      if (deleted || !inside(point, quad) || size >= smallest) return;
      [found, smallest] = [index, size];
    });
    return found;
  }

  /** Adds and selects a box between two points. */
  add(label, from, to) {
    const quad = rectangle(this.inside(from), this.inside(to));
    this.selected = this.items.push({ label, quad, prediction: null, deleted: false }) - 1;
  }

  /** Adds a box in the middle of the photo. */
  addInMiddle(label) {
    const { width, height } = this.#size;
    this.add(label, [0.35 * width, 0.35 * height], [0.65 * width, 0.65 * height]);
  }

  /** Takes the box that was added last out again if it is tiny; says whether it was. */
  dropTiny() {
    const [[left, top], , [right, bottom]] = this.items.at(-1).quad;
    if (right - left >= SMALLEST && bottom - top >= SMALLEST) return false;
    this.items.pop();
    this.selected = -1;
    return true;
  }

  /** Moves a box from where it was. @param {Quad} quad */
  shift(index, quad, way) {
    this.items[index].quad = shifted(quad, way, this.#size);
  }

  moveCorner(index, corner, point) {
    const item = this.items[index];
    if (this.#upright) item.quad = stretched(item.quad, corner, this.inside(point));
    else item.quad[corner] = this.inside(point);
  }

  /** Deletes the selected box. */
  remove() {
    if (this.item === undefined) return;
    this.item.deleted = true;
    this.selected = -1;
  }
}
