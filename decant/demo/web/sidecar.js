/** Reads the sidecar model.json, schema 2; anything that does not fit is refused by its path. */

import { dictionary, list, matching, nullable, number, object, oneOf } from "./checks.js";
import { text, whole } from "./checks.js";

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
 *   schema_version: 2, model: string, variants: Variant[], inputs: TensorInfo[],
 *   outputs: TensorInfo[], image: ImageInput | null, labels: string[],
 *   decode: {kind: string, [key: string]: any} | null, golden: Golden[],
 *   licences: Record<string, string>, verdicts: Verdict[],
 * }} Sidecar
 */

export const SCHEMA = 2;

const sha256 = matching(/^[0-9a-f]{64}$/, "a SHA-256 in hexadecimal");
const fileName = matching(
  /^(?!\.{1,2}(\/|$))[^/\\]+(\/(?!\.{1,2}(\/|$))[^/\\]+)*$/,
  "a file below the sidecar's folder",
);
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
const rules = {
  argmax: object({ kind: text }),
  quad_grid: object({
    kind: text,
    strides: list(whole(1), { least: 1 }),
    score_activation: oneOf("sigmoid"),
    score_threshold: number(Number.MIN_VALUE, 1),
    nms_iou: number(Number.MIN_VALUE, 1),
    max_detections: whole(1),
  }),
};
const sidecar = object({
  schema_version: oneOf(SCHEMA),
  model: text,
  variants: list(variant, { least: 1 }),
  inputs: list(tensorInfo, { least: 1 }),
  outputs: list(tensorInfo, { least: 1 }),
  image: nullable(image),
  labels: list(text),
  decode: nullable(decodeRule),
  golden: list(golden),
  licences: dictionary(text),
  verdicts: list(verdict),
});

function decodeRule(value, path) {
  const rule = rules[value?.kind];
  if (rule === undefined) throw new Error(`${path}.kind: must be "quad_grid" or "argmax"`);
  rule(value, path);
}

/**
 * Checks a sidecar and that this page can use it.
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
  checkTensors(document);
  checkVariants(document);
  checkImage(document);
  checkDecode(document);
  document.golden.forEach((each, index) => checkGolden(document, each, `golden.${index}`));
  return document;
}

function require(condition, message) {
  if (!condition) throw new Error(message);
}

function checkTensors({ inputs, outputs }) {
  for (const [role, infos] of Object.entries({ inputs, outputs })) {
    const names = infos.map((each) => each.name);
    require(new Set(names).size === names.length, `${role}: has a name twice`);
    infos.forEach((each, index) => {
      const pair = (each.scale === null) === (each.zero_point === null);
      require(pair, `${role}.${index}.scale: goes with zero_point, both or neither`);
    });
  }
}

function checkVariants({ variants, outputs }) {
  const kinds = variants.map((each) => each.accelerator);
  require(new Set(kinds).size === kinds.length, "variants: has an accelerator twice");
  require(kinds.includes("cpu"), "variants: has no file for cpu");
  const names = outputs.map((each) => each.name);
  variants.forEach((each, index) => {
    require(sameNames(names, each.tolerance), `variants.${index}.tolerance: is not for ${names}`);
  });
}

function sameNames(names, dictionary) {
  const keys = Object.keys(dictionary);
  return keys.length === names.length && names.every((name) => keys.includes(name));
}

function checkImage({ image, inputs }) {
  require(image !== null, "image: is missing; this page has nothing but photos to give");
  require(
    inputs.length === 1 && inputs[0].name === image.name,
    `image.name: "${image.name}" is not the only input`,
  );
  const { rule } = image;
  const channels = rule.colour === "grey" ? 1 : 3;
  for (const name of ["mean", "std"]) {
    require(
      rule[name].length === channels,
      `image.rule.${name}: has ${rule[name].length} values, ${rule.colour} has ${channels}`,
    );
  }
  require(rule.std.every((each) => each > 0), "image.rule.std: must be above 0");
  const [info] = inputs;
  require(
    image.normalised_by === "app" || info.dtype === "uint8",
    `image.normalised_by: "file" needs a uint8 input, not ${info.dtype}`,
  );
  const sizes = [rule.height, rule.width];
  const wanted = info.layout === "nhwc" ? [...sizes, channels] : [channels, ...sizes];
  require(
    info.shape.length === 4 && wanted.every((size, i) => size === info.shape[i + 1]),
    `image.rule: does not fit the input's shape [${info.shape}]`,
  );
}

function checkDecode({ decode, outputs, labels }) {
  require(decode !== null, "decode: is missing; this page can show quads and labels only");
  if (decode.kind === "argmax") {
    const scores = outputs[0].shape.slice(1).reduce((a, b) => a * b, 1);
    require(outputs.length === 1 && scores === labels.length, "decode: argmax needs one output");
    return;
  }
  for (const stride of decode.strides) {
    const scores = grid(outputs, `scores_s${stride}`);
    const corners = grid(outputs, `corners_s${stride}`);
    require(
      scores[1] === labels.length && `${corners}` === `${[scores[0], 8, scores[2], scores[3]]}`,
      `decode.strides: has ${stride}, but scores_s${stride} [${scores}] and corners_s${stride} ` +
        `[${corners}] do not hold ${labels.length} scores and 8 corner offsets`,
    );
  }
}

/** The shape [N, C, H, W] of an output. */
function grid(outputs, name) {
  const info = outputs.find((each) => each.name === name);
  require(info !== undefined, `decode.strides: no output is called ${name}`);
  if (info.layout !== "nhwc") return info.shape;
  const [batch, height, width, channels] = info.shape;
  return [batch, channels, height, width];
}

function checkGolden({ variants, outputs, image }, golden, path) {
  for (const { accelerator } of variants) {
    const given = golden.outputs[accelerator];
    const where = `${path}.outputs.${accelerator}`;
    const names = outputs.map((each) => each.name);
    require(given !== undefined && sameNames(names, given), `${where}: is not for ${names}`);
    for (const info of outputs) checkTensorFile(given[info.name], info, `${where}.${info.name}`);
  }
  require(golden.pixels !== null, `${path}.pixels: goes with image, both or neither`);
  const { height, width, colour } = image.rule;
  const shape = [height, width, colour === "grey" ? 1 : 3];
  checkTensorFile(golden.pixels, { shape, dtype: "uint8" }, `${path}.pixels`);
}

function checkTensorFile(file, { shape, dtype }, path) {
  require(`${file.shape}` === `${shape}`, `${path}.shape: is [${file.shape}], not [${shape}]`);
  require(file.dtype === dtype, `${path}.dtype: is ${file.dtype}, not ${dtype}`);
}
