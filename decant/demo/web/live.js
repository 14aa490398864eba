/** Answers the camera's pictures as they come. */

import { Camera } from "./camera.js";
import { t } from "./text.js";
import { hiddenSince, painted } from "./waiting.js";

/** Pictures that medians are taken of. */
const WINDOW = 30;

/**
 * @typedef {{
 *   begin: (photo: import("./photo.js").Photo) => void,
 *   draw: (panel: import("./panel.js").Panel) => void,
 *   compare: () => void,
 * }} View What is done with a picture, an answer to it, and all answers to it.
 */

export class Live {
  #panels;
  #view;
  #controls;
  /** @type {Camera | null} */
  #camera = null;
  #opening = false;

  /**
   * @param {import("./panel.js").Panel[]} panels
   * @param {View} view
   * @param {{all: HTMLInputElement, frames: HTMLElement}} controls Whether all files are asked, and
   *   where the rate is told.
   */
  constructor(panels, view, controls) {
    this.#panels = panels;
    this.#view = view;
    this.#controls = controls;
  }

  get isOn() {
    return this.#camera !== null;
  }

  /** Whether the user is being asked for the camera. */
  get isOpening() {
    return this.#opening;
  }

  /** The files that are asked: a slow one would hold up the others. */
  get asked() {
    return this.#controls.all.checked ? this.#panels : this.#panels.slice(0, 1);
  }

  /**
   * Opens the camera, which the user may have to allow.
   *
   * @param {() => void} lost Called if it is unplugged.
   */
  async open(lost) {
    this.#opening = true;
    try {
      this.#camera = await Camera.open();
    } finally {
      this.#opening = false;
    }
    this.#camera.onLost(lost);
    for (const panel of this.#panels) panel.clear();
  }

  /** Answers pictures until the camera is stopped. */
  async watch() {
    const camera = this.#camera;
    const begun = performance.now();
    let count = 0;
    await camera.watch(async (photo, taken) => {
      this.#view.begin(photo);
      this.showOnly(this.asked);
      const all = this.asked.length > 1;
      if (!(await this.#ask(photo, taken))) return;
      if (all) this.#view.compare();
      const rate = ((1000 * ++count) / (performance.now() - begun)).toFixed(1);
      this.#controls.frames.textContent = t("cameraFrames", { rate, dropped: camera.dropped });
    });
  }

  /** Asks one file after the other; says whether the camera is still on. */
  async #ask(photo, taken) {
    const camera = this.#camera;
    const begun = performance.now();
    for (const panel of this.asked) {
      // One file waits for the other: that is not its time.
      const waited = performance.now() - begun;
      const answer = await panel.runner.answer(photo.pixels);
      if (camera !== this.#camera) return false;
      panel.take(answer, "medianFrames", WINDOW);
      this.#view.draw(panel);
      await painted();
      panel.shown = hiddenSince(taken) ? null : performance.now() - taken - waited;
      panel.report();
    }
    return camera === this.#camera;
  }

  /** @param {import("./panel.js").Panel[]} shown */
  showOnly(shown) {
    for (const panel of this.#panels) panel.element.hidden = !shown.includes(panel);
  }

  /** Gives the camera back. */
  stop() {
    this.#camera?.close();
    this.#camera = null;
    this.showOnly(this.#panels);
    this.#controls.frames.textContent = "";
  }
}
