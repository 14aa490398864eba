/** Reads the sidecar model.json, schema 4; anything that does not fit is refused by its path. */

import { checkAgreement } from "./agreement.js";
import { dictionary, fail, list, matching, nullable, number, object, oneOf } from "./checks.js";
import { text, whole } from "./checks.js";
import { ruleOf } from "./decode.js";

/**
 * @typedef {{
 *   name: string, shape: number[], dtype: string, layout: string,
 *   scale: number | null, zero_point: number | null,
 * }} TensorInfo
 * @typedef {{
 *   height: number, width: number, colour: "rgb" | "bgr" | "grey", mean: number[], std: number[],
 *   resize: "letterbox" | "stretch" | "crop", padding: number, shrink: "area" | "bilinear",
 *   grow: "bilinear", pixel_centres: "half", rotation: "upright",
 * }} ImageRule
 * @typedef {{name: string, rule: ImageRule, normalised_by: "app" | "file"}} ImageInput
 * @typedef {{mean: number[], std: number[]}} ArrayRule
 * @typedef {{rate: number, pad: "end" | "both", cut: "start" | "centre"}} AudioRule
 * @typedef {{
 *   accelerator: "cpu" | "gpu" | "npu", name: string, file: string, sha256: string,
 *   size_bytes: number, tolerance: Record<string, number>,
 * }} Variant
 * @typedef {{file: string, sha256: string, dtype: string, shape: number[]}} TensorFile
 * @typedef {{
 *   photo: string | null, photo_sha256: string | null, pixels: TensorFile | null,
 *   inputs: Record<string, TensorFile>,
 *   outputs: Record<string, Record<string, TensorFile>>,
 *   predictions: import("./decode.js").Prediction[],
 * }} Golden
 * @typedef {{
 *   requirement: string, subject: string, unit: string, limit: number,
 *   measured: number | null, met: boolean | null,
 * }} Verdict
 * @typedef {{
 *   schema_version: 4, model: string, variants: Variant[], inputs: TensorInfo[],
 *   outputs: TensorInfo[], image: ImageInput | null, arrays: Record<string, ArrayRule>,
 *   sounds: Record<string, AudioRule>, labels: string[],
 *   decode: {kind: string, [key: string]: any} | null, golden: Golden[],
 *   licences: Record<string, string>, verdicts: Verdict[], made_from: Record<string, string>,
 * }} Sidecar
 */

export const SCHEMA = 4;

const sha256 = matching(/^[0-9a-f]{64}$/, "a SHA-256 in hexadecimal");
const below = matching(
  /^(?!\.{1,2}(\/|$))[^/\\\0]+(\/(?!\.{1,2}(\/|$))[^/\\\0]+)*$/,
  "a file below the sidecar's folder",
);
/** Bytes of a file's name on the file systems of Linux and Android. */
const LONGEST_NAME = 255;

/** @type {import("./checks.js").Check} */
function fileName(value, path) {
  below(value, path);
  const bytes = (part) => new TextEncoder().encode(part).length;
  if (value.split("/").some((part) => bytes(part) > LONGEST_NAME)) {
    fail(path, "is longer than the name of a file can be");
  }
}

const accelerator = oneOf("cpu", "gpu", "npu");

const tensorInfo = object({
  name: text,
  shape: list(whole(1)),
  dtype: text,
  layout: oneOf("nchw", "nhwc", "ncw", "nwc", "ncdhw", "ndhwc", "keep"),
  scale: nullable(number()),
  zero_point: nullable(whole()),
});
const tensorFile = object({ file: fileName, sha256, dtype: text, shape: list(whole(1)) });
const variant = object({
  accelerator,
  name: text,
  file: fileName,
  sha256,
  size_bytes: whole(1),
  tolerance: dictionary(number(0)),
});
const imageRule = object({
  height: whole(1),
  width: whole(1),
  colour: oneOf("rgb", "bgr", "grey"),
  mean: list(number()),
  std: list(number()),
  resize: oneOf("letterbox", "stretch", "crop"),
  padding: whole(0, 255),
  shrink: oneOf("area", "bilinear"),
  grow: oneOf("bilinear"),
  pixel_centres: oneOf("half"),
  rotation: oneOf("upright"),
});
const image = object({ name: text, rule: imageRule, normalised_by: oneOf("app", "file") });
const arrayRule = object({ mean: list(number()), std: list(number()) });
const audioRule = object({
  rate: whole(1),
  pad: oneOf("end", "both"),
  cut: oneOf("start", "centre"),
});
const prediction = object({
  label: text,
  score: number(),
  quad: list(list(number(), { least: 2, most: 2 })),
});
const golden = object({
  photo: nullable(fileName),
  photo_sha256: nullable(sha256),
  pixels: nullable(tensorFile),
  inputs: dictionary(tensorFile),
  outputs: dictionary(dictionary(tensorFile), accelerator),
  predictions: list(prediction),
});
const verdict = object({
  requirement: text,
  subject: text,
  unit: text,
  limit: number(),
  measured: nullable(number()),
  met: nullable(oneOf(true, false)),
});
const sidecar = object({
  schema_version: oneOf(SCHEMA),
  model: matching(/./, "a name"),
  variants: list(variant, { least: 1 }),
  inputs: list(tensorInfo, { least: 1 }),
  outputs: list(tensorInfo, { least: 1 }),
  image: nullable(image),
  arrays: dictionary(arrayRule),
  sounds: dictionary(audioRule),
  labels: list(text),
  decode: nullable(decodeRule),
  golden: list(golden),
  licences: dictionary(text),
  verdicts: list(verdict),
  made_from: dictionary(sha256),
});

/** Of a rule that this page has no decoder for, it reads the kind and no more. */
function decodeRule(value, path) {
  text(value?.kind, `${path}.kind`);
  const rule = ruleOf({ decode: value });
  if (rule !== undefined) object({ kind: text, ...rule.fields })(value, path);
}

/**
 * Checks a sidecar and that this page can use it; fills in what was left out.
 *
 * @param {any} document
 * @returns {Sidecar}
 */
export function readSidecar(document) {
  const version = document?.schema_version;
  if (version !== SCHEMA) {
    throw new Error(`schema_version: is ${version}, this page reads ${SCHEMA}`);
  }
  sidecar(document, "");
  checkAgreement(document);
  return document;
}
