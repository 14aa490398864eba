/** Says everything in the language that the user reads. */

import { ENGLISH } from "./english.js";
import { KOREAN } from "./korean.js";

const LANGUAGES = { en: ENGLISH, ko: KOREAN };
let language = "en";

/** @param {string} wanted Such as "ko-KR"; English if there is nothing nearer. */
export function setLanguage(wanted) {
  language = wanted.toLowerCase().startsWith("ko") ? "ko" : "en";
  document.documentElement.lang = language;
}

export function otherLanguage() {
  return language === "ko" ? "en" : "ko";
}

/**
 * @param {string} key
 * @param {Record<string, string | number>} values
 */
export function t(key, values = {}) {
  return LANGUAGES[language][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Chooses between the texts for nothing, one and many, such as found0, found1 and found. */
export function plural(key, count) {
  const exact = `${key}${count}`;
  return t(exact in LANGUAGES[language] ? exact : key, { count });
}

/** Says why something failed. */
export function explained(error) {
  if (error?.key !== undefined) return t(error.key, rounded(error.values));
  return t("unexpected", { reason: error?.message ?? String(error) });
}

function rounded(values) {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(3) : value,
  ]);
  return Object.fromEntries(entries);
}

/**
 * Fills in the parts of the page that carry the key of a text.
 *
 * @param {ParentNode} root
 */
export function fillIn(root = document) {
  for (const each of marked(root, "text")) {
    each.textContent = t(each.dataset.text);
  }
  for (const each of marked(root, "label")) {
    each.setAttribute("aria-label", t(each.dataset.label));
  }
  for (const each of marked(root, "placeholder")) {
    each.setAttribute("placeholder", t(each.dataset.placeholder));
  }
}

/** @returns {NodeListOf<HTMLElement>} */
function marked(root, name) {
  return root.querySelectorAll(`[data-${name}]`);
}

/** A time with two or three digits that matter, such as 8.42 ms. */
export function milliseconds(value) {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${value.toFixed(digits)} ms`;
}

export function percent(value) {
  return `${Math.round(100 * value)} %`;
}

export function bytes(value) {
  return value < 1e6 ? `${Math.round(value / 1e3)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}
