// Carries out the page's modules on the cases that test_javascript.py writes to stdin.
import { readFileSync } from "node:fs";
import { unmatched } from "../../decant/demo/web/compare.js";
import { consentWording, CONSENT_VERSION, isCovered } from "../../decant/demo/web/consent.js";
import { decode } from "../../decant/demo/web/decode.js";
import { quadOverlap } from "../../decant/demo/web/geometry.js";
import { withoutMetadata } from "../../decant/demo/web/photo.js";
import { fit, normalise } from "../../decant/demo/web/preprocess.js";
import { readSidecar } from "../../decant/demo/web/sidecar.js";
import { placeTags } from "../../decant/demo/web/tags.js";

const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));
const base64 = (array) =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");

const ACTIONS = {
  prepare({ rgba, width, height, image, info }) {
    const { pixels, placement } = fit(bytes(rgba), width, height, image.rule);
    const tensor = base64(normalise(pixels, image, info));
    return { pixels: base64(pixels), tensor, placement };
  },
  decode({ outputs, sidecar, placement }) {
    const arrays = Object.entries(outputs).map(([name, text]) => [
      name,
      new Float32Array(bytes(text).buffer),
    ]);
    const { predictions, mask } = decode(new Map(arrays), sidecar, placement);
    return { predictions, mask: mask && base64(mask.labels) };
  },
  read({ text }) {
    try {
      readSidecar(JSON.parse(text));
      return "";
    } catch (error) {
      return error.message;
    }
  },
  overlap: ({ found, expected }) => quadOverlap(found, expected),
  unmatched: ({ found, expected, sure }) => unmatched(found, expected, sure),
  tags: ({ quads, sizes, photo, gap }) => placeTags(quads, sizes, photo, gap),
  wording: () => ({ version: CONSENT_VERSION, text: consentWording() }),
  covered: ({ record, created }) => isCovered(record, new Date(created)),
  strip: ({ jpeg }) => base64(withoutMetadata(bytes(jpeg))),
};

const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map((each) => ACTIONS[each.action](each))));
