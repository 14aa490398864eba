/** Lets the user correct an answer: drag corners and boxes, add and delete them, write a remark. */

import { corrections, wholePhoto } from "./feedback.js";
import { area, copied, inside, rectangle, shifted } from "./geometry.js";
import { outline, shape, Stage } from "./stage.js";
import { plural, t } from "./text.js";

const STEP = 1;
const WIDE_STEP = 10;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** How far from a corner, in pixels of the page, a finger still has it. */
const REACH = 20;
/** Boxes of fewer photo pixels are slips of the finger. */
const SMALLEST = 3;

export class Editor {
  /** @type {(name: string) => any} */
  #part;
  #stage;
  #labels;
  #photo = null;
  #predictions = [];
  /** @type {import("./feedback.js").Item[]} */
  #items = [];
  #selected = -1;
  #adding = false;
  #isLabel = false;

  /**
   * @param {HTMLElement} section
   * @param {string[]} labels
   */
  constructor(section, labels) {
    this.section = section;
    this.#part = (name) => section.querySelector(`[data-part="${name}"]`);
    this.#stage = new Stage(this.#part("stage"));
    this.#labels = labels;
    this.#part("label").replaceChildren(...labels.map((label) => new Option(label, label)));
    // With one label there is nothing to choose.
    this.#part("labels").hidden = labels.length === 1;
    this.#part("add").addEventListener("click", () => this.#add());
    this.#part("remove").addEventListener("click", () => this.#remove());
    this.#part("reset").addEventListener("click", () => this.#reset());
    this.#part("label").addEventListener("change", (event) => this.#relabel(event.target.value));
    this.#part("remark").addEventListener("input", () => this.#count());
    this.#stage.svg.addEventListener("pointerdown", (event) => this.#press(event));
    this.#stage.svg.addEventListener("keydown", (event) => this.#key(event));
  }

  /**
   * @param {import("./photo.js").Photo} photo
   * @param {import("./decode.js").Prediction[]} predictions
   */
  open(photo, predictions) {
    this.#photo = photo;
    this.#predictions = predictions.map((each) => ({
      ...each,
      quad: each.quad.length ? each.quad : wholePhoto(photo),
    }));
    this.#isLabel = predictions.length > 0 && predictions[0].quad.length === 0;
    this.section.classList.toggle("labelled", this.#isLabel);
    this.section.hidden = false;
    this.#part("hint").textContent = t(this.#isLabel ? "editLabelHint" : "editHint");
    this.#stage.show(photo);
    this.#reset();
    this.section.scrollIntoView({ block: "start" });
    this.#part("title").focus({ preventScroll: true });
  }

  close() {
    this.section.hidden = true;
    this.#photo = null;
  }

  get isOpen() {
    return this.#photo !== null;
  }

  /** @returns {import("./feedback.js").Correction[]} */
  get corrections() {
    return corrections(this.#predictions, this.#items, this.#part("remark").value);
  }

  /** How many changes the user sees; another label is a deletion and an addition to the record. */
  get changes() {
    const relabelled = this.#items.filter(
      ({ prediction, label, deleted }) =>
        prediction !== null && !deleted && label !== this.#predictions[prediction].label,
    );
    return this.corrections.length - relabelled.length;
  }

  #reset() {
    this.#items = this.#predictions.map(({ label, quad }, prediction) => ({
      label,
      quad: copied(quad),
      prediction,
      deleted: false,
    }));
    this.#part("remark").value = "";
    this.#adding = false;
    this.#select(this.#isLabel ? 0 : -1);
  }

  #select(index) {
    this.#selected = index;
    this.#draw();
  }

  #draw() {
    const item = this.#items[this.#selected];
    const focused = document.activeElement?.getAttribute?.("data-key");
    const boxes = this.#isLabel ? [] : this.#items.flatMap((each, i) => this.#box(each, i));
    this.#stage.svg.replaceChildren(...boxes);
    this.#stage.svg.classList.toggle("adding", this.#adding);
    this.#part("add").setAttribute("aria-pressed", String(this.#adding));
    this.#part("remove").disabled = item === undefined;
    this.#part("label").disabled = item === undefined;
    if (item !== undefined) this.#part("label").value = item.label;
    if (focused) this.#focus(focused);
    this.#count();
  }

  /** Gives the keyboard to a box or a corner. */
  #focus(key) {
    /** @type {SVGElement | null} */
    const found = this.#stage.svg.querySelector(`[data-key="${key}"]`);
    found?.focus();
  }

  #count() {
    this.#part("changes").textContent = this.#adding
      ? t("addHint")
      : plural("changes", this.changes);
  }

  /** Draws a box; the selected one gets handles at its corners. */
  #box(item, index) {
    if (item.deleted) return [];
    const name = t("boxName", { box: index + 1, label: item.label });
    const group = shape("g", {
      class: index === this.#selected ? "item selected" : "item",
      "data-box": index,
      "data-key": `${index}`,
      tabindex: 0,
      role: "button",
      "aria-label": name,
      "aria-pressed": index === this.#selected,
    });
    group.append(...outline(item.quad));
    group.addEventListener("focus", () => {
      if (this.#selected !== index) this.#select(index);
    });
    if (index !== this.#selected) return [group];
    return [group, ...item.quad.map((point, corner) => this.#handle(point, index, corner))];
  }

  #handle([cx, cy], index, corner) {
    const name = t("cornerName", { corner: corner + 1, box: index + 1 });
    const r = 8 * this.#stage.unit;
    const handle = shape("g", {
      class: "handle",
      "data-box": index,
      "data-corner": corner,
      "data-key": `${index}-${corner}`,
      tabindex: 0,
      role: "button",
      "aria-label": name,
    });
    handle.append(shape("circle", { class: "knob", cx, cy, r }));
    return handle;
  }

  #point(event) {
    const { left, top, width, height } = this.#stage.svg.getBoundingClientRect();
    const { size } = this.#stage;
    return this.#inside([
      ((event.clientX - left) / width) * size.width,
      ((event.clientY - top) / height) * size.height,
    ]);
  }

  /**
   * Keeps a point on the photo, to a tenth of a pixel.
   *
   * @param {number[]} point
   * @returns {[number, number]}
   */
  #inside([x, y]) {
    const { width, height } = this.#stage.size;
    const [across, down] = [Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)];
    return [Math.round(10 * across) / 10, Math.round(10 * down) / 10];
  }

  #press(event) {
    if (event.button !== 0 || this.#isLabel) return;
    event.preventDefault();
    const from = this.#point(event);
    if (this.#adding) {
      this.#drag(event, this.#drawn(from));
      return;
    }
    const corner = this.#cornerAt(from);
    const index = corner < 0 ? this.#boxAt(from) : this.#selected;
    this.#select(index);
    if (index < 0) return;
    const before = copied(this.#items[index].quad);
    this.#drag(event, (to) => {
      if (corner >= 0) this.#items[index].quad[corner] = to;
      else this.#shift(index, before, [to[0] - from[0], to[1] - from[1]]);
    });
    this.#focus(corner < 0 ? `${index}` : `${index}-${corner}`);
  }

  /** The nearest corner of the selected box that a finger there means; -1 if none. */
  #cornerAt([x, y]) {
    const item = this.#items[this.#selected];
    if (item === undefined) return -1;
    const distances = item.quad.map((point) => Math.hypot(point[0] - x, point[1] - y));
    const nearest = Math.min(...distances);
    return nearest <= REACH * this.#stage.unit ? distances.indexOf(nearest) : -1;
  }

  /** The smallest box there, so that one inside another can be had; -1 if there is none. */
  #boxAt(point) {
    let [found, smallest] = [-1, Infinity];
    this.#items.forEach(({ quad, deleted }, index) => {
      const size = area(quad);
      if (deleted || !inside(point, quad) || size >= smallest) return;
      [found, smallest] = [index, size];
    });
    return found;
  }

  /** Follows the pointer until it is let go. */
  #drag(event, move) {
    const { svg } = this.#stage;
    svg.setPointerCapture(event.pointerId);
    const moved = (next) => {
      move(this.#point(next));
      this.#draw();
    };
    const ended = () => {
      svg.removeEventListener("pointermove", moved);
      svg.removeEventListener("pointerup", ended);
      svg.removeEventListener("pointercancel", ended);
      this.#dropTiny();
    };
    svg.addEventListener("pointermove", moved);
    svg.addEventListener("pointerup", ended);
    svg.addEventListener("pointercancel", ended);
  }

  /** Draws a new box from one corner to the pointer. */
  #drawn(from) {
    const index = this.#items.length;
    this.#items.push(this.#newItem(rectangle(from, from)));
    this.#selected = index;
    return (to) => {
      this.#items[index].quad = rectangle(from, to);
    };
  }

  #newItem(quad) {
    const label = this.#part("label").value || this.#labels[0];
    return { label, quad, prediction: null, deleted: false };
  }

  #dropTiny() {
    const item = this.#items.at(-1);
    if (this.#adding && item.prediction === null) {
      const [[left, top], , [right, bottom]] = item.quad;
      if (right - left < SMALLEST || bottom - top < SMALLEST) {
        this.#items.pop();
        this.#selected = -1;
      } else {
        this.#adding = false;
      }
    }
    this.#draw();
  }

  #shift(index, quad, way) {
    this.#items[index].quad = shifted(quad, way, this.#stage.size);
  }

  #key(event) {
    const { box, corner } = event.target.closest("[data-box]")?.dataset ?? {};
    if (box === undefined) return;
    const index = Number(box);
    if (event.key === "Delete" || event.key === "Backspace") {
      this.#selected = index;
      this.#remove();
    } else if (event.key in ARROWS) {
      const step = (event.shiftKey ? WIDE_STEP : STEP) * Math.max(1, this.#stage.unit);
      const way = ARROWS[event.key].map((direction) => direction * step);
      const { quad } = this.#items[index];
      if (corner === undefined) this.#shift(index, quad, way);
      else quad[corner] = this.#inside(quad[corner].map((value, axis) => value + way[axis]));
      this.#draw();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Lets a box be drawn; by keyboard, one in the middle appears. */
  #add() {
    this.#adding = !this.#adding;
    const byKeyboard = this.#part("add").matches(":focus-visible");
    if (this.#adding && byKeyboard) {
      const { width, height } = this.#stage.size;
      const quad = rectangle([0.35 * width, 0.35 * height], [0.65 * width, 0.65 * height]);
      this.#items.push(this.#newItem(quad.map((each) => this.#inside(each))));
      this.#adding = false;
      this.#select(this.#items.length - 1);
      this.#focus(String(this.#selected));
    }
    this.#draw();
  }

  #remove() {
    const item = this.#items[this.#selected];
    if (item === undefined) return;
    item.deleted = true;
    this.#select(-1);
  }

  #relabel(label) {
    const item = this.#items[this.#selected];
    if (item === undefined) return;
    item.label = label;
    this.#draw();
  }
}
