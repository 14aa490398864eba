/** Says how two answers to the same photo compare. */

import { agreement } from "./compare.js";
import { sameShare } from "./masks.js";
import { percent, t } from "./text.js";

/**
 * @param {import("./panel.js").Panel} left
 * @param {import("./panel.js").Panel} right
 * @param {number} threshold Of what is shown.
 */
export function summary(left, right, threshold) {
  return [sameness(left, right, threshold), speed(left, right)].filter(Boolean).join(" · ");
}

/** Says how far two answers agree on what is shown. */
function sameness(left, right, threshold) {
  const [first, second] = [left, right].map((panel) => panel.visible(threshold));
  const names = { left: left.name, right: right.name };
  const isSame = first[0]?.label === second[0]?.label;
  if (left.shows === "label") return t(isSame ? "sameLabel" : "otherLabel", names);
  if (left.shows === "text") return t(isSame ? "sameText" : "otherText", names);
  if (left.shows === "mask") {
    const share = `${(100 * sameShare(left.mask, right.mask)).toFixed(2)} %`;
    return t("samePixels", { ...names, share });
  }
  if (first.length + second.length === 0) return t("bothNothing", names);
  const found = agreement(first, second);
  const most = Math.max(found.left, found.right);
  const parts = [t("same", { ...names, pairs: found.pairs, most })];
  if (found.pairs) {
    parts.push(t("overlap", { overlap: percent(found.meanOverlap) }));
    parts.push(t("scores", { apart: found.scoreDifference.toFixed(3) }));
  }
  return parts.join(", ");
}

/** Says which file is quicker. */
function speed(left, right) {
  const [a, b] = [left, right].map((panel) => panel.times?.inference);
  if (!a || !b || left.isHeldBack || right.isHeldBack) return "";
  const [quick, slow, ratio] = a < b ? [left, right, b / a] : [right, left, a / b];
  return t("faster", { quick: quick.name, slow: slow.name, ratio: ratio.toFixed(1) });
}
