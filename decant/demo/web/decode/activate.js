/** Makes scores 0…1 of logits, in float32 as NumPy computes (`activate` of decode/boxes.py). */

/** @typedef {"none" | "sigmoid" | "softmax"} Activation */

/**
 * Makes scores of logits in place.
 *
 * @param {Float32Array} scores Rows of `classes` each.
 * @param {Activation} activation
 * @param {number} classes
 */
export function activate(scores, activation, classes) {
  if (activation === "sigmoid") {
    for (let i = 0; i < scores.length; i++) {
      scores[i] = 1 / Math.fround(1 + Math.fround(Math.exp(-scores[i])));
    }
  }
  if (activation === "softmax") {
    for (let row = 0; row < scores.length; row += classes) softmax(scores, row, row + classes);
  }
}

function softmax(scores, from, to) {
  let most = -Infinity;
  for (let i = from; i < to; i++) most = Math.max(most, scores[i]);
  let sum = 0;
  for (let i = from; i < to; i++) {
    scores[i] = Math.exp(Math.fround(scores[i] - most));
    sum += scores[i];
  }
  sum = Math.fround(sum);
  for (let i = from; i < to; i++) scores[i] /= sum;
}
