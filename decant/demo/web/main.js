/** Starts the page: the bundle, the runtime, what is kept; or says why it cannot. */

import { fetchSidecar } from "./bundle.js";
import { loadRuntime } from "./engine.js";
import { fail, say } from "./notices.js";
import { Page } from "./page.js";
import { openStore } from "./store.js";
import { fillIn, otherLanguage, setLanguage } from "./text.js";

/** @returns {any} */
const element = (id) => document.getElementById(id);

async function fetchJson(name) {
  return (await fetch(name)).json();
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
    const version = (await fetchJson("package.json")).dependencies["@litertjs/core"];
    const runtime = { ...(await loadRuntime()), version };
    const served = { version, ...(await fetchJson("served.json")) };
    page = new Page(sidecar, runtime, await openStore(), served);
    await page.start();
    globalThis.decant = page;
  } catch (error) {
    say("");
    fail(error);
  }
}

await main();
