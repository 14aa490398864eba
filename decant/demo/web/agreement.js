/** Checks that the parts of a sidecar speak of the same tensors (decant/sidecar/agreement.py). */

const LEVEL = /^(?:scores|corners)_s(\d+)$/;
const CORNERS = 4;

function require(condition, message) {
  if (!condition) throw new Error(message);
}

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

function checkImage({ image, inputs }) {
  require(image !== null, "image: is missing; this page has nothing but photos to give");
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
    `${channelsFirst(info).slice(1)}` === `${made}`,
    `image.rule: does not fit the input's shape [${info.shape}]`,
  );
}

function channelsOf(rule) {
  return rule.colour === "grey" ? 1 : 3;
}

/** The shape [N, C, …] of a tensor. */
function channelsFirst({ shape, layout }) {
  if (!["nwc", "nhwc", "ndhwc"].includes(layout)) return shape;
  return [shape[0], shape.at(-1), ...shape.slice(1, -1)];
}

function checkDecode({ decode, outputs, labels }) {
  require(decode !== null, "decode: is missing; this page can show quads and labels only");
  if (decode.kind === "argmax") {
    const scores = outputs[0].shape.slice(1).reduce((a, b) => a * b, 1);
    const fits = outputs.length === 1 && scores === labels.length && labels.length > 0;
    require(fits, "decode.kind: argmax needs one output with a score for every label");
    return;
  }
  const { strides } = decode;
  require(new Set(strides).size === strides.length, "decode.strides: has a level twice");
  require(
    decode.score_threshold <= decode.display_threshold,
    `decode.display_threshold: ${decode.display_threshold} is below score_threshold`,
  );
  for (const stride of strides) checkLevel(stride, outputs, labels.length);
  for (const { name } of outputs) {
    const stride = LEVEL.exec(name)?.[1];
    const read = stride === undefined || strides.includes(Number(stride));
    require(read, `decode.strides: lacks ${stride}, so nothing reads ${name}`);
  }
}

function checkLevel(stride, outputs, labels) {
  const [scores, corners] = [`scores_s${stride}`, `corners_s${stride}`].map((name) => {
    const info = outputs.find((each) => each.name === name);
    require(info !== undefined, `decode.strides: has ${stride}, but no output is called ${name}`);
    return channelsFirst(info);
  });
  const cells = scores.slice(2);
  const wanted = [scores[0], 2 * CORNERS, ...cells];
  require(
    scores.length === 4 && scores[1] === labels && `${corners}` === `${wanted}`,
    `decode.strides: has ${stride}, but scores_s${stride} [${scores}] and corners_s${stride} ` +
      `[${corners}] do not hold ${labels} scores and ${2 * CORNERS} corner offsets`,
  );
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
  const corners = decode.kind === "quad_grid" ? CORNERS : 0;
  golden.predictions.forEach(({ label, quad }, index) => {
    const where = `${path}.predictions.${index}`;
    require(labels.includes(label), `${where}.label: "${label}" is not among labels`);
    require(quad.length === corners, `${where}.quad: must have ${corners} corners`);
  });
}

function checkTensorFile(file, { shape, dtype }, path) {
  require(`${file.shape}` === `${shape}`, `${path}.shape: is [${file.shape}], not [${shape}]`);
  require(file.dtype === dtype, `${path}.dtype: is ${file.dtype}, not ${dtype}`);
}
