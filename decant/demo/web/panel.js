/** One of the answers side by side: photo with what was found, and times. */

import { isCorrectable } from "./decode.js";
import { line } from "./lines.js";
import { legend } from "./masks.js";
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
  #sidecar;

  /**
   * @param {HTMLTemplateElement} template
   * @param {import("./sidecar.js").Variant} variant
   * @param {import("./sidecar.js").Sidecar} sidecar
   * @param {import("./decode/rule.js").Rule["shows"] | undefined} shows What answers look like;
   *   undefined where this page cannot show them.
   */
  constructor(template, variant, sidecar, shows) {
    this.variant = variant;
    this.#sidecar = sidecar;
    this.shows = shows;
    /** @type {any} */
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.dataset.accelerator = variant.accelerator;
    this.element.dataset.shows = shows ?? "nothing";
    this.#part = (name) => this.element.querySelector(`[data-part="${name}"]`);
    this.#stage = new Stage(this.#part("stage"));
    /** @type {import("./runner.js").Runner | null} */
    this.runner = null;
    /** @type {import("./decode.js").Prediction[]} */
    this.predictions = [];
    /** @type {import("./decode.js").Mask | null} */
    this.mask = null;
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
  take({ predictions, mask, ranking, times }, note, most = Infinity) {
    this.predictions = predictions;
    this.mask = mask;
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

  /** What is shown at a threshold, which only boxes have. */
  visible(threshold) {
    const all = this.predictions;
    return this.shows === "boxes" ? all.filter((each) => each.score >= threshold) : all;
  }

  /**
   * @param {import("./photo.js").Photo} photo
   * @param {number} threshold
   */
  draw(photo, threshold) {
    const visible = this.visible(threshold);
    const { labels } = this.#sidecar;
    this.#stage.show(photo);
    if (this.mask !== null) this.#stage.cover(this.mask);
    this.#stage.draw(visible, ({ label, score }) =>
      labels.length === 1 ? percent(score) : `${label} ${percent(score)}`,
    );
    this.#part("found").textContent = this.#headline(visible);
    const details = this.#details(visible);
    this.#part("ranking").replaceChildren(...details);
    this.#part("ranking").hidden = details.length === 0;
    this.#part("ranking").ariaLabel = this.shows === "text" ? null : t(this.mask ? "legend" : "ranking");
  }

  /** Says in a line what was found. */
  #headline(visible) {
    const [first] = visible;
    switch (this.shows) {
      case "boxes":
        return plural("found", visible.length);
      case "label":
        return first?.label ?? "";
      case "mask":
        return plural("regions", visible.length);
      case "text":
        return first?.label || t("noText");
      default:
        return this.#undecoded;
    }
  }

  /** Says line by line what else there is to know of what was found. */
  #details(visible) {
    if (this.shows === "mask" && this.mask !== null) {
      return legend(visible, this.#sidecar.labels, this.mask);
    }
    if (this.shows === "text" && visible.length > 0) {
      return [line([t("textScore", { score: visible[0].score.toFixed(3) })])];
    }
    return this.ranking.map(({ label, score }) => line([label, score.toFixed(3)]));
  }

  /** Says that this page cannot show what the model answers. */
  get #undecoded() {
    const { decode } = this.#sidecar;
    return decode === null ? t("undecided") : t("undecoded", { kind: decode.kind });
  }

  /** Offers the correction of what can be corrected here, and says of the rest that it cannot. */
  #offerCorrection() {
    const fixed = { mask: "maskFixed", text: "textFixed" }[this.shows];
    this.#part("fixed").textContent = fixed === undefined ? "" : t(fixed);
    this.correct.hidden = !isCorrectable(this.#sidecar);
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
    this.#offerCorrection();
    if (this.runner) this.use(this.runner, hasGolden);
    this.report();
  }
}

