/** The ways in which a picture file comes: chosen, dropped or pasted. */

/**
 * @param {HTMLInputElement} input
 * @param {HTMLElement} zone Shows that something is dragged over the page.
 * @param {(files: File[]) => void} take
 */
export function listenForFiles(input, zone, take) {
  input.addEventListener("change", () => {
    take([...input.files]);
    // The same file may be chosen again.
    input.value = "";
  });
  addEventListener("paste", ({ clipboardData, target }) => {
    // Text for the remark is pasted, too.
    if (!(target instanceof HTMLTextAreaElement)) take([...clipboardData.files]);
  });
  addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  addEventListener("dragleave", () => zone.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
}
