/** Checks a model file on a backend by the sidecar's golden examples. */

import { fetchTensor } from "./bundle.js";
import { unmatched } from "./compare.js";
import { decode } from "./decode.js";
import { normalise } from "./preprocess.js";
import { Refusal } from "./refusal.js";
import { dequantize } from "./tensor.js";

/** How far above the display threshold a score must lie for its object to be expected. */
const SURE = 0.1;
/** In pixels of the tensor: both answers are of the same one. */
const UNMOVED = { scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0, width: 1, height: 1 };

/**
 * Runs the golden examples.
 *
 * @param {import("./engine.js").Engine} engine
 * @param {import("./sidecar.js").Sidecar} sidecar
 * @param {import("./sidecar.js").Variant} variant
 * @returns {Promise<Refusal | null>} What is not reproduced.
 */
export async function goldenMismatch(engine, sidecar, variant) {
  for (const golden of sidecar.golden) {
    const pixels = Uint8Array.from(await fetchTensor(golden.pixels));
    const found = await engine.run(normalise(pixels, sidecar.image, sidecar.inputs[0]));
    const expected = await goldenOutputs(golden.outputs[variant.accelerator], sidecar.outputs);
    const mismatch =
      tensorMismatch(found, expected, variant.tolerance) ??
      objectMismatch(found, expected, sidecar);
    if (mismatch !== null) return mismatch;
  }
  return null;
}

/** Fetches golden outputs as real values by name. */
async function goldenOutputs(files, outputs) {
  const found = new Map();
  for (const info of outputs) {
    found.set(info.name, dequantize(info, await fetchTensor(files[info.name])));
  }
  return found;
}

/** Compares the outputs themselves. */
function tensorMismatch(found, expected, tolerance) {
  for (const [name, values] of expected) {
    const apart = distance(found.get(name), values);
    const allowed = tolerance[name];
    // Written so that NaN is a mismatch.
    if (!(apart <= allowed)) return new Refusal("goldenTensor", { name, apart, allowed });
  }
  return null;
}

/** Compares what they mean: tolerances of outputs leave room for errors that lie together. */
function objectMismatch(found, expected, sidecar) {
  const [given, golden] = [found, expected].map((each) => decode(each, sidecar, UNMOVED));
  const sure = (sidecar.decode.display_threshold ?? -Infinity) + SURE;
  const count = unmatched(given, golden, sure);
  return count === 0 ? null : new Refusal("goldenObjects", { count });
}

/** The largest absolute difference; NaN if there is one anywhere. */
function distance(found, expected) {
  let largest = found.length === expected.length ? 0 : NaN;
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs(found[i] - expected[i]);
    if (!(apart <= largest)) largest = apart;
    if (Number.isNaN(largest)) return NaN;
  }
  return largest;
}
