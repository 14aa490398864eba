/** Answers a still photo: every file once, then again and again for its times. */

import { hiddenSince, painted, rested } from "./waiting.js";

const RUNS = 20;
const LONGEST_MS = 3000;

export class Still {
  #panels;
  #view;
  /** Number of the photo that is looked at; what is still under way for another one stops. */
  #turn = 0;

  /**
   * @param {import("./panel.js").Panel[]} panels
   * @param {import("./live.js").View} view
   */
  constructor(panels, view) {
    this.#panels = panels;
    this.#view = view;
  }

  /** Ends what is under way. */
  stop() {
    this.#turn++;
  }

  /**
   * Asks every file once.
   *
   * @param {import("./photo.js").Photo} photo
   * @param {number} chosen When the user gave the photo.
   * @returns {Promise<boolean>} Whether all have answered.
   */
  async ask(photo, chosen) {
    const turn = ++this.#turn;
    const spent = performance.now() - chosen;
    this.#view.begin(photo);
    for (const panel of this.#panels) panel.clear();
    for (const panel of this.#panels) {
      // One file waits for the other: that is not its time.
      const begun = performance.now();
      const answer = await panel.runner.answer(photo.pixels);
      if (turn !== this.#turn) return false;
      panel.take(answer, "once");
      this.#view.draw(panel);
      await painted();
      panel.shown = hiddenSince(chosen) ? null : spent + performance.now() - begun;
      panel.report();
      if (turn !== this.#turn) return false;
    }
    this.#view.compare();
    return true;
  }

  /**
   * Runs each file again and again, in between the page stays alive; shows medians.
   *
   * @param {import("./photo.js").Photo} photo
   * @returns {Promise<boolean>} Whether it came to its end.
   */
  async measure(photo) {
    const turn = this.#turn;
    for (const panel of this.#panels) {
      const until = performance.now() + LONGEST_MS;
      panel.forget();
      for (let run = 0; run < RUNS && performance.now() < until; run++) {
        const { times } = await panel.runner.answer(photo.pixels);
        if (turn !== this.#turn) return false;
        panel.time(times, "medianOf");
        await rested();
      }
      panel.report();
      this.#view.compare();
    }
    return true;
  }
}
