/** Answers photos with one model file on one backend, and takes the times of every stage. */

import { fetchFile } from "./bundle.js";
import { decode, rank } from "./decode.js";
import { Engine } from "./engine.js";
import { goldenMismatch } from "./golden.js";
import { fit, normalise } from "./preprocess.js";

/** A classifier's labels that are shown. */
const TOP = 5;

/**
 * @typedef {{preprocess: number, inference: number, decode: number}} StageTimes In ms.
 * @typedef {{
 *   predictions: import("./decode.js").Prediction[],
 *   mask: import("./decode.js").Mask | null,
 *   ranking: import("./decode.js").Ranked[],
 *   times: StageTimes,
 * }} Answer
 * @typedef {{width: number, height: number, data: Uint8ClampedArray}} Pixels RGBA.
 */

export class Runner {
  #engine;
  #sidecar;
  /** What is under way, or was last: a model runs one photo at a time. */
  #last = Promise.resolve();

  constructor(engine, sidecar, variant, backend) {
    this.#engine = engine;
    this.#sidecar = sidecar;
    /** @type {import("./sidecar.js").Variant} */
    this.variant = variant;
    /** @type {"wasm" | "webgpu"} */
    this.backend = backend;
    /** @type {import("./refusal.js").Refusal | null} Where the golden example was not reproduced. */
    this.mismatch = null;
  }

  /**
   * Loads a model file and runs the golden examples, which also warms it up.
   *
   * A GPU that does not reproduce them is refused; the CPU, which is the last resort, only noted.
   *
   * @param {import("./sidecar.js").Sidecar} sidecar
   * @param {import("./sidecar.js").Variant} variant
   * @param {"wasm" | "webgpu"} backend
   * @param {number} threads
   */
  static async open(sidecar, variant, backend, threads) {
    const engine = await Engine.open(await fetchFile(variant), sidecar, backend, threads);
    const runner = new Runner(engine, sidecar, variant, backend);
    runner.mismatch = await goldenMismatch(engine, sidecar, variant);
    if (runner.mismatch !== null && backend !== "wasm") {
      engine.close();
      throw runner.mismatch;
    }
    return runner;
  }

  /**
   * @param {Pixels} photo
   * @returns {Promise<Answer>}
   */
  answer(photo) {
    const answer = this.#last.then(() => this.#answer(photo));
    this.#last = answer.then(
      () => {},
      () => {},
    );
    return answer;
  }

  /** @returns {Promise<Answer>} */
  async #answer(photo) {
    const { image, inputs } = this.#sidecar;
    const begun = performance.now();
    const { pixels, placement } = fit(photo.data, photo.width, photo.height, image.rule);
    const elements = normalise(pixels, image, inputs[0]);
    const prepared = performance.now();
    const outputs = await this.#engine.run(elements);
    const ran = performance.now();
    const { predictions, mask } = decode(outputs, this.#sidecar, placement);
    const ranking = rank(outputs, this.#sidecar, TOP);
    const decoded = performance.now();
    return {
      predictions,
      mask,
      ranking,
      times: { preprocess: prepared - begun, inference: ran - prepared, decode: decoded - ran },
    };
  }

  async close() {
    await this.#last;
    this.#engine.close();
  }
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * @param {StageTimes[]} runs
 * @returns {StageTimes} The median of each stage.
 */
export function medianTimes(runs) {
  return {
    preprocess: median(runs.map((run) => run.preprocess)),
    inference: median(runs.map((run) => run.inference)),
    decode: median(runs.map((run) => run.decode)),
  };
}
