/** Starts the page: the bundle, the runtime, what is kept; or says why it cannot. */

import { fetchSidecar } from "./bundle.js";
import { loadRuntime } from "./engine.js";
import { Page } from "./page.js";
import { openStore } from "./store.js";
import { explained, fillIn, otherLanguage, setLanguage } from "./text.js";

/** @returns {any} */
const element = (id) => document.getElementById(id);

async function litertVersion() {
  const list = await (await fetch("package.json")).json();
  return list.dependencies["@litertjs/core"];
}

async function main() {
  setLanguage(navigator.language);
  fillIn();
  let page = null;
  element("language").addEventListener("click", () => {
    setLanguage(otherLanguage());
    if (page === null) fillIn();
    else page.translate();
  });
  try {
    const sidecar = await fetchSidecar();
    const runtime = { ...(await loadRuntime()), version: await litertVersion() };
    page = new Page(sidecar, runtime, await openStore());
    await page.start();
    globalThis.decant = page;
  } catch (error) {
    element("status").hidden = true;
    element("error").hidden = false;
    element("errorText").textContent = explained(error);
  }
}

await main();
