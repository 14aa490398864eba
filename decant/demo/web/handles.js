/** Draws a box that can be corrected: reachable by pointer, by keyboard and by screen readers. */

import { outline, shape } from "./stage.js";
import { t } from "./text.js";

const RADIUS = 8;

/**
 * @param {import("./feedback.js").Item} item
 * @param {number} index
 * @param {boolean} isSelected
 */
export function boxShape({ label, quad }, index, isSelected) {
  const group = shape("g", {
    class: isSelected ? "item selected" : "item",
    "data-box": index,
    "data-key": `${index}`,
    tabindex: 0,
    role: "button",
    "aria-label": t("boxName", { box: index + 1, label }),
    "aria-pressed": isSelected,
  });
  group.append(...outline(quad));
  return group;
}

/**
 * Draws a knob at each corner.
 *
 * @param {import("./feedback.js").Item} item
 * @param {number} index
 * @param {number} unit Photo pixels per pixel of the page.
 */
export function handleShapes({ quad }, index, unit) {
  return quad.map(([cx, cy], corner) => {
    const handle = shape("g", {
      class: "handle",
      "data-box": index,
      "data-corner": corner,
      "data-key": `${index}-${corner}`,
      tabindex: 0,
      role: "button",
      "aria-label": t("cornerName", { corner: corner + 1, box: index + 1 }),
    });
    handle.append(shape("circle", { class: "knob", cx, cy, r: RADIUS * unit }));
    return handle;
  });
}
