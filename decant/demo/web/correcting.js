/** Corrects an answer: opens the editor on it, and keeps what comes out as feedback, once. */

import { Editor } from "./editor.js";
import { makeRecord, randomId } from "./feedback.js";
import { encodePhoto } from "./photo.js";
import { t } from "./text.js";

/** @returns {any} */
const element = (id) => document.getElementById(id);

/**
 * @typedef {import("./panel.js").Panel} Panel
 * @typedef {{predictions: import("./decode.js").Prediction[], shown: number | null,
 *   times: import("./runner.js").StageTimes}} Given An answer as it was given.
 */

export class Correcting {
  #kept;
  #editor;
  /** @type {{panel: Panel, photo: import("./photo.js").Photo, given: Given} | null} */
  #edited = null;
  /**
   * Records of this photo, by what gave the answer.
   *
   * @type {Map<Panel, {photo: object, id: string, draft: import("./boxes.js").Draft}>}
   */
  #records = new Map();
  #busy = false;

  /**
   * @param {import("./kept.js").Kept} kept
   * @param {string[]} labels
   * @param {boolean} upright Whether boxes stay upright.
   */
  constructor(kept, labels, upright) {
    this.#kept = kept;
    this.#editor = new Editor(element("editor"), labels, upright, () => this.#enable());
    kept.onShow = () => this.#enable();
    addEventListener("beforeunload", (event) => {
      if (this.#editor.isChanged) event.preventDefault();
    });
  }

  get isOpen() {
    return this.#edited !== null;
  }

  /**
   * @param {Panel} panel
   * @param {import("./photo.js").Photo} photo
   * @param {Given} given
   */
  open(panel, photo, given) {
    this.#edited = { panel, photo, given };
    this.#editor.open(photo, given.predictions, this.#record?.draft ?? null);
  }

  close() {
    this.#editor.close();
    this.#edited = null;
  }

  /** Asks before a correction is thrown away. */
  mayLeave() {
    return !this.#editor.isChanged || confirm(t("discardAsk"));
  }

  /** What is kept of this answer already. */
  get #record() {
    const found = this.#records.get(this.#edited.panel);
    const isThis = found?.photo === this.#edited.photo && this.#kept.has(found.id);
    return isThis ? found : null;
  }

  #enable() {
    const isKept = this.isOpen && this.#record !== null && !this.#editor.isChanged;
    element("keep").disabled = this.#busy || isKept;
    element("keepNote").textContent = isKept ? t("keptAlready") : "";
  }

  /** Keeps the correction, in place of an earlier one; says whether the user agreed. */
  async keep() {
    const { panel, photo, given } = this.#edited;
    const { changes, corrections, draft } = this.#editor;
    const id = this.#record?.id ?? randomId();
    const record = makeRecord(photo, panel.runner, given, corrections, id);
    this.#busy = true;
    this.#enable();
    try {
      if (!(await this.#kept.keep(record, await encodePhoto(photo), changes))) return false;
    } finally {
      this.#busy = false;
      this.#enable();
    }
    this.#records.set(panel, { photo, id, draft });
    return true;
  }
}
