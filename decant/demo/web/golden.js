/** Checks a model file on a backend by the sidecar's golden examples. */

import { fetchFile, fetchTensor } from "./bundle.js";
import { unmatched } from "./compare.js";
import { decode } from "./decode.js";
import { decodePhoto } from "./photo.js";
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
    const mismatch =
      (await tensorMismatch(found, golden, sidecar, variant)) ??
      (await objectMismatch(found, golden, sidecar));
    if (mismatch !== null) return mismatch;
  }
  return null;
}

/** Compares the outputs themselves. */
async function tensorMismatch(found, golden, { outputs }, variant) {
  for (const info of outputs) {
    const { name } = info;
    const expected = dequantize(info, await fetchTensor(golden.outputs[variant.accelerator][name]));
    const apart = distance(found.get(name), expected);
    const allowed = variant.tolerance[name];
    // Written so that NaN is a mismatch.
    if (!(apart <= allowed)) return new Refusal("goldenTensor", { name, apart, allowed });
  }
  return null;
}

/** Compares what they mean: tolerances of outputs leave room for errors that lie together. */
async function objectMismatch(found, golden, sidecar) {
  if (golden.photo === null) return null;
  const bytes = await fetchFile({ file: golden.photo, sha256: golden.photo_sha256 });
  const { width, height } = await decodePhoto(new File([bytes.slice()], golden.photo));
  const placement = place(width, height, sidecar.image.rule);
  const threshold = sidecar.decode.display_threshold ?? -Infinity;
  const count = unmatched(decode(found, sidecar, placement), golden.predictions, threshold);
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
