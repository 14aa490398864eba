/** The decode rule `yolo`: box and class scores of every place side by side (decode/yolo.py). */

import { nullable, oneOf, text } from "../checks.js";
import { activate } from "./activate.js";
import { boxRule, columns, toCorners } from "./boxes.js";
import { fits, onlyOutput, require } from "./rule.js";

const AXES = /** @type {Record<string, [number, number]>} */ ({
  values_first: [2, 1],
  boxes_first: [1, 2],
});

export const yolo = boxRule(
  {
    output: nullable(text),
    order: oneOf("values_first", "boxes_first"),
    objectness: oneOf(true, false),
    score_activation: oneOf("none", "sigmoid"),
  },
  checkOutput,
  raw,
);

function checkOutput(decode, shapes, labels) {
  const name = onlyOutput(decode, [...shapes.keys()]);
  const values = 4 + Number(decode.objectness) + labels;
  const [places, along] = AXES[decode.order];
  const sizes = [null, null, null];
  sizes[along] = values;
  const names = ["N", "", ""];
  [names[places], names[along]] = ["places", values];
  require(
    fits(shapes.get(name), sizes),
    `decode.order: "${decode.order}" reads [${names.join(", ")}], but ${name} is ` +
      `[${shapes.get(name)}]`,
  );
}

/** Splits boxes from scores. */
function raw(outputs, decode, labels) {
  const output = outputs.get(onlyOutput(decode, [...outputs.keys()]));
  const axes = AXES[decode.order];
  const boxes = toCorners(columns(output, axes, 0, 4), "cxcywh");
  const first = 4 + Number(decode.objectness);
  const scores = columns(output, axes, first, labels);
  activate(scores, decode.score_activation, labels);
  if (decode.objectness) {
    const there = columns(output, axes, 4, 1);
    activate(there, decode.score_activation, 1);
    for (let i = 0; i < scores.length; i++) scores[i] *= there[Math.floor(i / labels)];
  }
  return { boxes, scores };
}
