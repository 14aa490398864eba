/** Runs model files with LiteRT.js, in the browser's WebAssembly or on its GPU. */

import { getWebGpuDevice, loadAndCompile, loadLiteRt, supportsFeature, Tensor } from "@litertjs/core";
import { Refusal } from "./refusal.js";
import { ARRAYS, dequantize } from "./tensor.js";

const WASM = "npm/@litertjs/core/wasm/";
// Small networks get slower again with more.
const MOST_THREADS = 4;
// A function that takes no arguments and returns the 128-bit vector 0.
const SIMD = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 22, 1, 20, 0, 253, 12,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11,
);

/**
 * Loads LiteRT.js's WebAssembly, with threads where the page may have them.
 *
 * @returns {Promise<{threads: number}>}
 */
export async function loadRuntime() {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) throw new Refusal("noSimd");
  const threads =
    self.crossOriginIsolated &&
    (await supportsFeature("relaxedSimd")) &&
    (await supportsFeature("threads"));
  // Emscripten's settings, which LiteRT.js passes on.
  Object.assign(self, { Module: { printErr: log } });
  await loadLiteRt(WASM, { threads });
  return { threads: threads ? Math.min(navigator.hardwareConcurrency, MOST_THREADS) : 1 };
}

/** LiteRT writes all that it has to say to stderr, which Emscripten takes for errors. */
function log(line) {
  if (/^(INFO|VERBOSE|WARNING):/.test(line)) console.debug(line);
  else console.error(line);
}

/** Why the GPU cannot be asked at all; null if it can. */
export function gpuRefusal() {
  if (!("gpu" in navigator)) return new Refusal("noWebGpu");
  return getWebGpuDevice() === null ? new Refusal("noGpu") : null;
}

/** A compiled model file. */
export class Engine {
  /** @type {import("@litertjs/core").CompiledModel} */
  #model;
  #sidecar;

  constructor(model, sidecar) {
    this.#model = model;
    this.#sidecar = sidecar;
  }

  /**
   * @param {Uint8Array} bytes Of the model file.
   * @param {import("./sidecar.js").Sidecar} sidecar
   * @param {"wasm" | "webgpu"} backend
   * @param {number} threads
   */
  static async open(bytes, sidecar, backend, threads) {
    for (const { name, dtype } of [...sidecar.inputs, ...sidecar.outputs]) {
      if (!Object.hasOwn(ARRAYS, dtype)) throw new Refusal("elementType", { name, dtype });
    }
    // On WebGPU, half floats would save memory and cost accuracy.
    /** @type {import("@litertjs/core").CompileOptions} */
    const options = {
      accelerator: backend,
      cpuOptions: { numThreads: threads },
      gpuOptions: { precision: "fp32" },
    };
    const model = await loadAndCompile(bytes, options);
    // Where only a part fits the GPU, LiteRT.js may have taken the CPU for all of it.
    const fits = model.options.accelerator === backend && model.isFullyAccelerated;
    if (backend === "webgpu" && !fits) {
      model.delete();
      throw new Refusal("partlyOnGpu");
    }
    return new Engine(model, sidecar);
  }

  /**
   * Runs the model once.
   *
   * @param {import("@litertjs/core").TypedArray} elements Of the image input, in the file's axis order.
   * @returns {Promise<Map<string, Float32Array>>} Real values by name, in the file's axis order.
   */
  async run(elements) {
    const [info] = this.#sidecar.inputs;
    const input = new Tensor(elements, info.shape);
    try {
      const outputs = await this.#model.run({ [info.name]: input });
      const found = new Map();
      for (const each of this.#sidecar.outputs) {
        found.set(each.name, dequantize(each, await outputs[each.name].data()));
        outputs[each.name].delete();
      }
      return found;
    } finally {
      input.delete();
    }
  }

  close() {
    this.#model.delete();
  }
}
