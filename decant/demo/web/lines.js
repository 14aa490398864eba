/** Lines of a list on the page. */

/**
 * @param {string[]} texts Side by side.
 * @returns {HTMLLIElement}
 */
export function line(texts) {
  const item = document.createElement("li");
  const parts = texts.map((text) => {
    const part = document.createElement("span");
    part.textContent = text;
    return part;
  });
  item.append(...parts);
  return item;
}
