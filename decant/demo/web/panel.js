/** One of the answers side by side: photo with boxes, and times. */

import { medianTimes } from "./runner.js";
import { Stage } from "./stage.js";
import { bytes, explained, fillIn, milliseconds, percent, plural, t } from "./text.js";

const NAMES = {
  float32: "float32",
  float: "float32",
  float16: "float16",
  static_int8: "int8",
  dynamic_int8: "dynamic int8",
};

export class Panel {
  /** @type {(name: string) => any} */
  #part;
  #stage;
  /** @type {import("./runner.js").StageTimes[]} */
  #runs = [];
  #note = "once";

  /**
   * @param {HTMLTemplateElement} template
   * @param {import("./sidecar.js").Variant} variant
   */
  constructor(template, variant) {
    this.variant = variant;
    /** @type {any} */
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.dataset.accelerator = variant.accelerator;
    this.#part = (name) => this.element.querySelector(`[data-part="${name}"]`);
    this.#stage = new Stage(this.#part("stage"));
    /** @type {import("./runner.js").Runner | null} */
    this.runner = null;
    /** @type {import("./decode.js").Prediction[]} */
    this.predictions = [];
    /** @type {import("./decode.js").Ranked[]} */
    this.ranking = [];
    /** Milliseconds from photo to screen; null before the first answer, or where nobody waited. */
    this.shown = null;
    /** Times of the answer that is shown, null before the first; `times` has medians. */
    this.answered = null;
    this.backend = this.#part("backend");
    this.correct = this.#part("correct");
    this.#part("name").textContent = this.name;
    this.#part("size").textContent = bytes(variant.size_bytes);
  }

  /** What people call the file. */
  get name() {
    return NAMES[this.variant.name] ?? this.variant.name;
  }

  /** @param {import("./runner.js").Runner} runner */
  use(runner, hasGolden) {
    this.runner = runner;
    this.element.dataset.backend = runner.backend;
    const state = this.#part("golden");
    state.classList.toggle("bad", runner.mismatch !== null);
    if (!hasGolden) state.textContent = t("goldenNone");
    else if (runner.mismatch === null) state.textContent = t("golden");
    else state.textContent = `${explained(runner.mismatch)} ${t("goldenOff")}`;
    this.note(this.isHeldBack ? t("slowFloat16") : "");
  }

  /** Whether LiteRT.js does not speed this up: its issue 9663, float16 on the processor. */
  get isHeldBack() {
    return this.variant.name === "float16" && this.runner.backend === "wasm";
  }

  /** Says what is to be known of the backend. */
  note(text) {
    this.#part("note").textContent = text;
  }

  /** Forgets the times of the photo before. */
  clear() {
    this.forget();
    this.shown = null;
    this.answered = null;
  }

  /** Forgets the times of runs: the first one of a photo is slower. */
  forget() {
    this.#runs = [];
    this.#note = "once";
  }

  /** @param {import("./runner.js").StageTimes} times */
  time(times, note, most = Infinity) {
    this.#runs.push(times);
    if (this.#runs.length > most) this.#runs.shift();
    this.#note = note;
  }

  /**
   * Takes an answer in.
   *
   * @param {import("./runner.js").Answer} answer
   * @param {string} note
   * @param {number} most Runs that medians are taken of.
   */
  take({ predictions, ranking, times }, note, most = Infinity) {
    this.predictions = predictions;
    this.ranking = ranking;
    this.answered = times;
    this.time(times, note, most);
  }

  /** Says that there will be no more runs. */
  settle() {
    if (this.#note === "once") this.#note = "single";
    this.report();
  }

  /** Medians of the runs so far. */
  get times() {
    return this.#runs.length ? medianTimes(this.#runs) : null;
  }

  /** What is shown at a threshold. */
  visible(threshold) {
    const all = this.predictions;
    return all.filter((each) => each.quad.length === 0 || each.score >= threshold);
  }

  /**
   * @param {import("./photo.js").Photo} photo
   * @param {number} threshold
   * @param {boolean} oneLabel
   */
  draw(photo, threshold, oneLabel) {
    const visible = this.visible(threshold);
    this.#stage.show(photo);
    this.#stage.draw(visible, ({ label, score }) =>
      oneLabel ? percent(score) : `${label} ${percent(score)}`,
    );
    const [first] = visible;
    const isLabel = first !== undefined && first.quad.length === 0;
    this.#part("found").textContent = isLabel ? first.label : plural("found", visible.length);
    this.element.classList.toggle("labelled", isLabel);
    this.#part("ranking").hidden = !isLabel;
    this.#part("ranking").replaceChildren(...this.ranking.map(line));
  }

  /** Writes the times. */
  report() {
    const { times } = this;
    for (const stage of ["inference", "preprocess", "decode"]) {
      this.#part(stage).textContent = times ? milliseconds(times[stage]) : "–";
    }
    this.#part("shown").textContent = this.shown === null ? "–" : milliseconds(this.shown);
    this.#part("runs").textContent = times ? t(this.#note, { count: this.#runs.length }) : "";
  }

  translate(hasGolden) {
    fillIn(this.element);
    if (this.runner) this.use(this.runner, hasGolden);
    this.report();
  }
}

/** Says how a label is scored. @param {import("./decode.js").Ranked} ranked */
function line({ label, score }) {
  const item = document.createElement("li");
  const parts = [label, score.toFixed(3)].map((text) => {
    const part = document.createElement("span");
    part.textContent = text;
    return part;
  });
  item.append(...parts);
  return item;
}
