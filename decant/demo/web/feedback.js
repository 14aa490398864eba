/** Feedback: records of photos, answers and corrections, and the archive that exports them. */

import { strToU8, zipSync } from "fflate";
import { hexDigest } from "./bundle.js";
import { CONSENT_VERSION, consentWording } from "./consent.js";

export const MOST_RECORDS = 2000;
export const MOST_BYTES = 400_000_000;

/** The first that a zip can have, and local: the user's time zone is nobody's business. */
const NO_TIME = new Date(1980, 0, 1);

/**
 * @typedef {{label: string, quad: [number, number][], prediction: number | null, deleted: boolean}}
 *   Item One box of the editor; `prediction` is null for what the user added.
 * @typedef {{kind: string, prediction?: number, label?: string, quad?: [number, number][],
 *   text?: string}} Correction
 */

/**
 * Says what the user changed.
 *
 * @param {import("./decode.js").Prediction[]} predictions
 * @param {Item[]} items
 * @param {string} remark
 * @returns {Correction[]}
 */
export function corrections(predictions, items, remark) {
  const found = [];
  for (const { prediction, label, quad, deleted } of items) {
    if (prediction === null) {
      if (!deleted) found.push({ kind: "add", label, quad });
      continue;
    }
    const before = predictions[prediction];
    if (deleted || label !== before.label) found.push({ kind: "delete", prediction });
    else if (!sameQuad(quad, before.quad)) found.push({ kind: "move", prediction, quad });
    if (!deleted && label !== before.label) found.push({ kind: "add", label, quad });
  }
  if (remark.trim() !== "") found.push({ kind: "remark", text: remark.trim().slice(0, 2000) });
  return found;
}

function sameQuad(a, b) {
  return a.every((point, i) => point[0] === b[i][0] && point[1] === b[i][1]);
}

/** The consent of a user who agrees now. */
export function consentGiven() {
  return {
    given: new Date().toISOString(),
    text_version: CONSENT_VERSION,
    text_sha256: hexDigest(strToU8(consentWording())),
  };
}

/**
 * Makes a record as docs/reference/feedback.md describes it, but for when it was kept and the consent.
 *
 * @param {{width: number, height: number}} photo
 * @param {import("./runner.js").Runner} runner
 * @param {{predictions: import("./decode.js").Prediction[], shown: number | null,
 *   times: import("./runner.js").StageTimes}} answer `shown`: ms from photo to screen; null where
 *   nobody waited for it.
 * @param {Correction[]} changes
 * @param {string} id Of the record that this replaces, or a new one.
 */
export function makeRecord(photo, runner, answer, changes, id) {
  const whole = wholePhoto(photo);
  const { preprocess, inference, decode } = answer.times;
  return {
    id,
    image: `images/${id}.jpg`,
    image_size: [photo.width, photo.height],
    model_sha256: runner.variant.sha256,
    accelerator: runner.backend,
    predictions: answer.predictions.map(({ label, score, quad }) => ({
      label,
      // A classifier may give scores that are no shares.
      score: Math.min(Math.max(score, 0), 1),
      quad: quad.length ? quad : whole,
    })),
    corrections: changes,
    times_ms: { shutter_to_screen: answer.shown, preprocess, inference, decode },
  };
}

/** The quad of a label of the whole photo. @returns {[number, number][]} */
export function wholePhoto({ width, height }) {
  return [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ];
}

/** 128 bits, so that no two records of any two devices are taken for one. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Packs records into an archive of schema 2.
 *
 * @param {{record: any, jpeg: Uint8Array}[]} entries At least one.
 * @param {import("./sidecar.js").Sidecar} sidecar
 * @param {string} version Of LiteRT.js.
 * @returns {Uint8Array<ArrayBuffer>} A zip.
 */
export function archive(entries, sidecar, version) {
  const members = {};
  for (const { record, jpeg } of entries) {
    members[`records/${record.id}.json`] = strToU8(JSON.stringify(record));
    members[record.image] = jpeg;
  }
  const files = Object.entries(members).map(([path, content]) => ({
    path,
    sha256: hexDigest(content),
    size_bytes: content.length,
  }));
  const chosen = sidecar.variants.find((each) => each.accelerator === "cpu");
  const manifest = {
    schema_version: 2,
    kind: "decant-feedback",
    model: { name: sidecar.model, sha256: chosen.sha256 },
    created: new Date().toISOString(),
    app: { name: "decant browser demo", version: `LiteRT.js ${version}`, platform: "web" },
    files,
  };
  members["manifest.json"] = strToU8(JSON.stringify(manifest));
  const packed = Object.entries(members).map(([path, content]) => [
    path,
    // Packing JPEGs again gains nothing.
    [content, { level: path.endsWith(".jpg") ? 0 : 6, mtime: NO_TIME }],
  ]);
  return zipSync(Object.fromEntries(packed));
}
