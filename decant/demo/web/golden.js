/** Checks a model file on a backend by the sidecar's golden examples. */

import { fetchTensor } from "./bundle.js";
import { unmatched } from "./compare.js";
import { decode, ruleOf } from "./decode.js";
import { sameShare } from "./masks.js";
import { normalise, place } from "./preprocess.js";
import { Refusal } from "./refusal.js";
import { dequantize } from "./tensor.js";

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

/** Least share of pixels that keep their label, as in the app: those whose labels are nearly equal may be many. */
const SAME_PIXELS = 0.95;

/** Compares what they mean: tolerances of outputs leave room for errors that lie together. */
function objectMismatch(found, expected, sidecar) {
  const rule = ruleOf(sidecar);
  if (rule === undefined) return null;
  // In pixels of the tensor: both answers are of the same one.
  const { width, height } = sidecar.image.rule;
  const unmoved = place(width, height, sidecar.image.rule);
  const [given, golden] = [found, expected].map((each) => decode(each, sidecar, unmoved));
  if (given.mask !== null && golden.mask !== null) {
    const share = sameShare(given.mask, golden.mask);
    return share >= SAME_PIXELS ? null : new Refusal("goldenPixels", { share: `${(100 * share).toFixed(1)} %` });
  }
  const count = unmatched(given.predictions, golden.predictions, rule.sure(sidecar.decode));
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
