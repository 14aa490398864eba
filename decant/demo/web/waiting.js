/** Waits for the browser. */

/** Until what was drawn is on the screen. */
export function painted() {
  return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}

let changed = -Infinity;
globalThis.document?.addEventListener("visibilitychange", () => {
  changed = performance.now();
});

/** Whether the page was hidden at any time since then: nobody waited, and browsers draw nothing. */
export function hiddenSince(begun) {
  return document.visibilityState === "hidden" || changed >= begun;
}

/** Until the page has reacted to what the user did meanwhile. */
export function rested() {
  return new Promise((done) => setTimeout(done));
}
