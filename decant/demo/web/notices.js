/** Says above everything else what the page is doing, and what failed. */

import { explained } from "./text.js";

/** @returns {any} */
const element = (id) => document.getElementById(id);

/** @param {string} text Empty when there is nothing to wait for. */
export function say(text) {
  element("status").textContent = text;
  element("status").hidden = text === "";
}

/** @param {any} error Null when all is well again. */
export function fail(error) {
  element("error").hidden = error === null;
  element("errorText").textContent = error === null ? "" : explained(error);
}

/**
 * Runs something that the user asked for, and says so where it fails.
 *
 * @param {() => Promise<void>} work
 */
export async function guard(work) {
  fail(null);
  try {
    await work();
  } catch (error) {
    say("");
    fail(error);
  }
}
