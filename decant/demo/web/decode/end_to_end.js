/** The decode rule `end_to_end`: the model itself has chosen what it found (decode/end_to_end.py). */

import { nullable, text, whole } from "../checks.js";
import { roundHalfEven } from "../preprocess.js";
import { boxRule, columns } from "./boxes.js";
import { fits, onlyOutput, require } from "./rule.js";

/** A row: left, top, right, bottom, score and class. */
const ROW = 6;

export const endToEnd = boxRule(
  { output: nullable(text), first_class: whole() },
  checkOutput,
  raw,
);

function checkOutput(decode, shapes) {
  const name = onlyOutput(decode, [...shapes.keys()]);
  require(
    fits(shapes.get(name), [null, null, ROW]),
    "decode.kind: end_to_end reads [N, rows, 6], corners, score and class, but " +
      `${name} is [${shapes.get(name)}]`,
  );
}

/** Puts each row's score where its class is; a quantized class is rounded. */
function raw(outputs, decode, labels) {
  const output = outputs.get(onlyOutput(decode, [...outputs.keys()]));
  const rows = columns(output, [1, 2], 4, 2);
  const boxes = columns(output, [1, 2], 0, 4);
  const scores = new Float32Array((rows.length / 2) * labels);
  for (let place = 0; place < rows.length / 2; place++) {
    const label = roundHalfEven(rows[2 * place + 1]) - decode.first_class;
    // A class that is no label, as padding may have it, is passed over.
    if (label >= 0 && label < labels) scores[place * labels + label] = rows[2 * place];
  }
  return { boxes, scores };
}
