/** Waits for the browser. */

/** Until what was drawn is on the screen. */
export function painted() {
  return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}

/** Until the page has reacted to what the user did meanwhile. */
export function rested() {
  return new Promise((done) => setTimeout(done));
}
