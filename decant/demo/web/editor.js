/** Lets the user correct an answer: drag corners and boxes, add and delete them, write a remark. */

import { Boxes } from "./boxes.js";
import { wholePhoto } from "./feedback.js";
import { copied, rectangle } from "./geometry.js";
import { boxShape, handleShapes } from "./handles.js";
import { Stage } from "./stage.js";
import { plural, t } from "./text.js";

const STEP = 1;
const WIDE_STEP = 10;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** How far from a corner, in pixels of the page, a finger still has it. */
const REACH = 20;

export class Editor {
  /** @type {(name: string) => any} */
  #part;
  #stage;
  #upright;
  #changed;
  #photo = null;
  #predictions = [];
  /** @type {Boxes} */
  #boxes;
  /** Corrections that were there when the editor opened, as text. */
  #before = "";
  #adding = false;
  #isLabel = false;

  /**
   * @param {HTMLElement} section
   * @param {string[]} labels
   * @param {boolean} upright Whether boxes stay upright.
   * @param {() => void} changed Called after every change.
   */
  constructor(section, labels, upright, changed) {
    this.section = section;
    this.#part = (name) => section.querySelector(`[data-part="${name}"]`);
    this.#stage = new Stage(this.#part("stage"));
    this.#upright = upright;
    this.#changed = changed;
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
   * @param {import("./boxes.js").Draft | null} draft What the user made of them before.
   */
  open(photo, predictions, draft = null) {
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
    this.#begin(draft);
    this.#before = this.#text();
    this.#count();
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

  /** Whether something was changed since it was opened. */
  get isChanged() {
    return this.isOpen && this.#text() !== this.#before;
  }

  /** @returns {import("./feedback.js").Correction[]} */
  get corrections() {
    return this.#boxes.corrections(this.#part("remark").value);
  }

  /** How many changes the user sees. */
  get changes() {
    return this.#boxes.changes(this.#part("remark").value);
  }

  /** @returns {import("./boxes.js").Draft} */
  get draft() {
    return { items: this.#boxes.copyOfItems(), remark: this.#part("remark").value };
  }

  #text() {
    return JSON.stringify(this.corrections);
  }

  /** Starts from the answer, or from what was made of it. */
  #begin(draft) {
    this.#boxes = new Boxes(this.#predictions, this.#stage.size, this.#upright);
    if (draft !== null) this.#boxes.items = draft.items;
    this.#part("remark").value = draft?.remark ?? "";
    this.#adding = false;
    this.#select(this.#isLabel ? 0 : -1);
  }

  #reset() {
    this.#begin(null);
  }

  #select(index) {
    this.#boxes.selected = index;
    this.#draw();
  }

  #draw() {
    const { item, items } = this.#boxes;
    const focused = document.activeElement?.getAttribute?.("data-key");
    const boxes = this.#isLabel ? [] : items.flatMap((each, i) => this.#box(each, i));
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
    this.#changed();
  }

  /** Draws a box; the selected one gets handles at its corners. */
  #box(item, index) {
    if (item.deleted) return [];
    const isSelected = index === this.#boxes.selected;
    const box = boxShape(item, index, isSelected);
    box.addEventListener("focus", () => {
      if (this.#boxes.selected !== index) this.#select(index);
    });
    return isSelected ? [box, ...handleShapes(item, index, this.#stage.unit)] : [box];
  }

  #point(event) {
    const { left, top, width, height } = this.#stage.svg.getBoundingClientRect();
    const { size } = this.#stage;
    return this.#boxes.inside([
      ((event.clientX - left) / width) * size.width,
      ((event.clientY - top) / height) * size.height,
    ]);
  }

  #press(event) {
    if (event.button !== 0 || this.#isLabel) return;
    event.preventDefault();
    const from = this.#point(event);
    if (this.#adding) {
      this.#drawNew(event, from);
      return;
    }
    const corner = this.#boxes.cornerAt(from, REACH * this.#stage.unit);
    const index = corner < 0 ? this.#boxes.boxAt(from) : this.#boxes.selected;
    this.#select(index);
    if (index < 0) return;
    const before = copied(this.#boxes.item.quad);
    this.#drag(event, (to) => {
      if (corner >= 0) this.#boxes.moveCorner(index, corner, to);
      else this.#boxes.shift(index, before, [to[0] - from[0], to[1] - from[1]]);
    });
    this.#focus(corner < 0 ? `${index}` : `${index}-${corner}`);
  }

  /** Draws a new box from one corner to the pointer. */
  #drawNew(event, from) {
    this.#boxes.add(this.#part("label").value, from, from);
    const { item } = this.#boxes;
    const move = (to) => {
      item.quad = rectangle(from, to);
    };
    this.#drag(event, move, () => {
      this.#adding = this.#boxes.dropTiny();
    });
  }

  /** Follows the pointer until it is let go. */
  #drag(event, move, end = () => {}) {
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
      end();
      this.#draw();
    };
    svg.addEventListener("pointermove", moved);
    svg.addEventListener("pointerup", ended);
    svg.addEventListener("pointercancel", ended);
  }

  #key(event) {
    const { box, corner } = event.target.closest("[data-box]")?.dataset ?? {};
    if (box === undefined) return;
    const index = Number(box);
    if (event.key === "Delete" || event.key === "Backspace") {
      this.#boxes.selected = index;
      this.#remove();
    } else if (event.key in ARROWS) {
      const step = (event.shiftKey ? WIDE_STEP : STEP) * Math.max(1, this.#stage.unit);
      this.#nudge(index, corner, ARROWS[event.key].map((direction) => direction * step));
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Moves a box, or one corner of it. */
  #nudge(index, corner, way) {
    const { quad } = this.#boxes.items[index];
    if (corner === undefined) this.#boxes.shift(index, quad, way);
    else this.#boxes.moveCorner(index, corner, quad[corner].map((value, axis) => value + way[axis]));
    this.#draw();
  }

  /** Lets a box be drawn; by keyboard, one in the middle appears. */
  #add() {
    this.#adding = !this.#adding;
    const byKeyboard = this.#part("add").matches(":focus-visible");
    if (this.#adding && byKeyboard) {
      this.#boxes.addInMiddle(this.#part("label").value);
      this.#adding = false;
      this.#draw();
      this.#focus(String(this.#boxes.selected));
    }
    this.#draw();
  }

  #remove() {
    this.#boxes.remove();
    this.#draw();
  }

  #relabel(label) {
    if (this.#boxes.item === undefined) return;
    this.#boxes.item.label = label;
    this.#draw();
  }
}
