/** Fetches the bundle's files from the server that gave the page, each checked by its hash. */

import { sha256 } from "@noble/hashes/sha2.js";
import { Refusal } from "./refusal.js";
import { readSidecar } from "./sidecar.js";
import { ARRAYS } from "./tensor.js";

const FOLDER = "bundle/";

/** @returns {Promise<import("./sidecar.js").Sidecar>} */
export async function fetchSidecar() {
  const bytes = await download("model.json");
  let document;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Refusal("sidecarFault", { reason: error.message });
  }
  try {
    return readSidecar(document);
  } catch (error) {
    throw new Refusal("sidecarFault", { reason: error.message });
  }
}

/**
 * Fetches a file that the sidecar describes.
 *
 * @param {{file: string, sha256: string}} described
 * @returns {Promise<Uint8Array>}
 */
export async function fetchFile({ file, sha256: expected }) {
  const bytes = await download(file);
  const found = hexDigest(bytes);
  if (found !== expected) {
    const [is, described] = [found, expected].map((each) => each.slice(0, 12));
    throw new Refusal("hashMismatch", { file, is, described });
  }
  return bytes;
}

/**
 * Fetches a golden tensor.
 *
 * @param {import("./sidecar.js").TensorFile} described
 */
export async function fetchTensor(described) {
  const bytes = await fetchFile(described);
  const Elements = ARRAYS[described.dtype];
  const count = described.shape.reduce((a, b) => a * b, 1);
  if (Elements === undefined || bytes.length !== count * Elements.BYTES_PER_ELEMENT) {
    const { file, dtype, shape } = described;
    throw new Refusal("sidecarFault", { reason: `${file}: is no ${dtype} [${shape}]` });
  }
  // Files are little-endian, as is every machine that has WebAssembly.
  return new Elements(bytes.slice().buffer, 0, count);
}

/** The SHA-256 of some bytes. Web Crypto has it only on localhost and https. */
export function hexDigest(bytes) {
  return Array.from(sha256(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function download(name) {
  const address = FOLDER + name.split("/").map(encodeURIComponent).join("/");
  let response;
  try {
    response = await fetch(address);
  } catch {
    throw new Refusal("serverGone");
  }
  if (!response.ok) throw new Refusal("fileMissing", { file: name });
  return new Uint8Array(await response.arrayBuffer());
}
