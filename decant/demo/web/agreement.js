/** Checks that the parts of a sidecar speak of the same tensors (decant/contract/sidecar/agreement.py). */

import { ruleOf } from "./decode.js";
import { channelsFirst, CORNERS, require } from "./decode/rule.js";

/** @param {import("./sidecar.js").Sidecar} sidecar */
export function checkAgreement(sidecar) {
  checkTensors(sidecar);
  checkVariants(sidecar);
  checkImage(sidecar);
  checkDecode(sidecar);
  sidecar.golden.forEach((each, index) => checkGolden(sidecar, each, `golden.${index}`));
  sidecar.verdicts.forEach(({ measured, met }, index) => {
    const judged = measured !== null || met === null;
    require(judged, `verdicts.${index}.met: goes with measured, which is null`);
  });
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

function checkImage({ image, inputs, arrays, sounds }) {
  require(image !== null, "image: is missing; this page has nothing but photos to give");
  for (const [path, rules] of Object.entries({ arrays, sounds })) {
    const [name] = Object.keys(rules);
    require(name === undefined, `${path}.${name}: is no input of its own`);
  }
  require(
    inputs.length === 1 && inputs[0].name === image.name,
    `image.name: "${image.name}" is not the only input`,
  );
  const { rule } = image;
  const channels = channelsOf(rule);
  for (const name of ["mean", "std"]) {
    const { length } = rule[name];
    const message = `image.rule.${name}: has ${length} values, ${rule.colour} has ${channels}`;
    require(length === channels, message);
  }
  require(rule.std.every((each) => each > 0), "image.rule.std: must be above 0");
  const [info] = inputs;
  require(
    image.normalised_by === "app" || info.dtype === "uint8",
    `image.normalised_by: "file" needs a uint8 input, not ${info.dtype}`,
  );
  const made = [channels, rule.height, rule.width];
  require(
    `${channelsFirst(info, info.shape).slice(1)}` === `${made}`,
    `image.rule: does not fit the input's shape [${info.shape}]`,
  );
}

function channelsOf(rule) {
  return rule.colour === "grey" ? 1 : 3;
}

function checkDecode({ decode, outputs, labels }) {
  const shapes = outputs.map((info) => [info.name, channelsFirst(info, info.shape)]);
  ruleOf({ decode })?.check(decode, new Map(shapes), labels.length);
}

function checkGolden({ variants, outputs, image, decode, labels }, golden, path) {
  const names = outputs.map((each) => each.name);
  require(sameNames([], golden.inputs), `${path}.inputs: must have nothing`);
  const { height, width } = image.rule;
  require(golden.pixels !== null, `${path}.pixels: goes with image, both or neither`);
  const pixels = { shape: [height, width, channelsOf(image.rule)], dtype: "uint8" };
  checkTensorFile(golden.pixels, pixels, `${path}.pixels`);
  const pair = (golden.photo === null) === (golden.photo_sha256 === null);
  require(pair, `${path}.photo_sha256: goes with photo, both or neither`);
  const kinds = variants.map((each) => each.accelerator);
  require(sameNames(kinds, golden.outputs), `${path}.outputs: must be for ${kinds}`);
  for (const [accelerator, files] of Object.entries(golden.outputs)) {
    const where = `${path}.outputs.${accelerator}`;
    require(sameNames(names, files), `${where}: is not for ${names}`);
    for (const info of outputs) checkTensorFile(files[info.name], info, `${where}.${info.name}`);
  }
  const rule = ruleOf({ decode });
  if (rule === undefined) return;
  const corners = CORNERS[rule.shows];
  golden.predictions.forEach(({ label, quad }, index) => {
    const where = `${path}.predictions.${index}`;
    // A text is what the model reads, not one of its labels.
    const known = rule.shows === "text" || labels.includes(label);
    require(known, `${where}.label: "${label}" is not among labels`);
    require(quad.length === corners, `${where}.quad: must have ${corners} corners`);
  });
}

function checkTensorFile(file, { shape, dtype }, path) {
  require(`${file.shape}` === `${shape}`, `${path}.shape: is [${file.shape}], not [${shape}]`);
  require(file.dtype === dtype, `${path}.dtype: is ${file.dtype}, not ${dtype}`);
}
