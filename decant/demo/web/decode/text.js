/** The decode rules `ctc` and `slots`: scores of characters become a text (decode/text.py). */

import { list, matching, nullable, oneOf, text, whole } from "../checks.js";
import { activate } from "./activate.js";
import { argmax, fits, onlyOutput, require } from "./rule.js";

/** @typedef {import("./rule.js").Decode} Decode */

const FIELDS = {
  output: nullable(text),
  alphabet: list(matching(/^[^]+$/, "a text that is not empty"), { least: 1 }),
  blank: nullable(whole(-1)),
  score_activation: oneOf("none", "sigmoid", "softmax"),
};

/** Connectionist temporal classification: equal classes in a row are one character, the blank none. */
export const ctc = textRule(
  { blank: whole(-1), order: oneOf("batch_first", "time_first"), beam_width: whole(1) },
  ({ order }) => (order === "batch_first" ? [0, 1, 2] : [1, 0, 2]),
  (rows, decode) => {
    const blank = blankOf(decode);
    if (decode.beam_width > 1) return beamSearch(rows, blank, decode.beam_width);
    const path = bestPath(rows);
    return path.filter((each, place) => each !== blank && each !== path[place - 1]);
  },
);

/** One class for each of a fixed number of places; a blank is passed over. */
export const slots = textRule({}, () => [0, 1, 2], bestPath);

/**
 * Makes a rule of how characters are chosen.
 *
 * @param {Record<string, import("../checks.js").Check>} fields
 * @param {(decode: Decode) => number[]} axesOf Where samples, places and classes lie in the output.
 * @param {(rows: Float32Array[], decode: Decode) => number[]} read Gives the classes of the characters.
 * @returns {import("./rule.js").Rule}
 */
function textRule(fields, axesOf, read) {
  return {
    fields: { ...FIELDS, ...fields },
    shows: "text",
    check: (decode, shapes) => checkOutput(decode, shapes, axesOf(decode)),
    sure: () => -Infinity,
    answer(outputs, decode) {
      const output = outputs.get(onlyOutput(decode, [...outputs.keys()]));
      const rows = probabilities(output, decode, axesOf(decode));
      const tokens = tokensOf(decode);
      const label = read(rows, decode)
        .map((each) => tokens[each])
        .join("");
      return { predictions: [{ label, score: meanOfBest(rows), quad: [] }] };
    },
  };
}

function checkOutput(decode, shapes, axes) {
  const { alphabet, blank } = decode;
  const known = new Set();
  const twice = alphabet.find((each) => known.size === known.add(each).size);
  require(twice === undefined, `decode.alphabet: has "${twice}" twice; make each unique`);
  const classes = classesOf(decode);
  require(
    blank === null || blank <= alphabet.length,
    `decode.blank: ${blank} is none of ${classes} classes, which are ${alphabet.length} of the ` +
      "alphabet and the blank",
  );
  const name = onlyOutput(decode, [...shapes.keys()]);
  const [sizes, names] = [[null, null, null], []];
  sizes[axes[2]] = classes;
  ["N", "places", classes].forEach((each, index) => (names[axes[index]] = each));
  require(
    fits(shapes.get(name), sizes),
    `decode.alphabet: reads [${names.join(", ")}], but ${name} is [${shapes.get(name)}]`,
  );
}

/** How many scores there are at each place. @param {Decode} decode */
function classesOf({ alphabet, blank }) {
  return blank === null ? alphabet.length : alphabet.length + 1;
}

/** The index of the class that stands for no character; -1 is the last. @param {Decode} decode */
function blankOf({ alphabet, blank }) {
  return blank === -1 ? alphabet.length : blank;
}

/** What each class stands for; the blank stands for nothing. */
function tokensOf(decode) {
  const place = blankOf(decode);
  return place === null ? decode.alphabet : decode.alphabet.toSpliced(place, 0, "");
}

/**
 * Gives the probabilities of the classes at each place of the first sample.
 *
 * @param {import("./rule.js").View} view
 * @param {Decode} decode
 * @param {number[]} axes
 */
function probabilities({ values, shape, steps }, decode, axes) {
  const [, places, along] = axes;
  const classes = shape[along];
  return Array.from({ length: shape[places] }, (_, place) => {
    const start = place * steps[places];
    const row = Float32Array.from({ length: classes }, (__, i) => values[start + i * steps[along]]);
    activate(row, decode.score_activation, classes);
    return row;
  });
}

function bestPath(rows) {
  return rows.map((row) => argmax(row, 0, row.length));
}

/** The mean of the best probability of each place. */
function meanOfBest(rows) {
  const sum = rows.reduce((total, row) => total + row[argmax(row, 0, row.length)], 0);
  return Math.fround(sum / rows.length);
}

/**
 * Finds the likeliest text: prefix beam search (Hannun et al. 2014), with no language model.
 *
 * @param {Float32Array[]} rows The probabilities at each place.
 * @param {number} blank
 * @param {number} width How many prefixes are kept at each place.
 */
export function beamSearch(rows, blank, width) {
  let beam = [{ prefix: [], ending: 1, open: 0 }];
  for (const row of rows) {
    const grown = new Grown();
    const likely = likelyClasses(row, beam, width);
    for (const { prefix, ending, open } of beam) {
      const last = prefix.at(-1);
      const stay = grown.at(prefix);
      stay.ending += (ending + open) * row[blank];
      if (last !== undefined) stay.open += open * row[last];
      for (const each of likely) {
        if (each === blank) continue;
        const before = each === last ? ending : ending + open;
        grown.at([...prefix, each]).open += before * row[each];
      }
    }
    const best = grown.best(width);
    // Scaled, so that a long text does not underflow.
    const total = best.reduce((sum, each) => sum + chance(each), 0) || 1;
    beam = best.map(({ prefix, ending, open }) => ({
      prefix,
      ending: ending / total,
      open: open / total,
    }));
  }
  return beam.reduce((best, each) => (chance(each) > chance(best) ? each : best)).prefix;
}

/** Of one prefix, other classes than the best can only lead to one that is there already. */
function likelyClasses(row, beam, width) {
  const order = Array.from(row.keys()).sort((a, b) => row[b] - row[a]);
  const lasts = beam.flatMap(({ prefix }) => prefix.slice(-1));
  return [...new Set([...order.slice(0, width + 2), ...lasts])].sort((a, b) => a - b);
}

/** @typedef {{prefix: number[], ending: number, open: number}} Prefix Chances to end in a blank, or not. */

/** @param {Prefix} prefix */
function chance({ ending, open }) {
  return ending + open;
}

/** The prefixes at a place, in the order in which they were first met. */
class Grown {
  /** @type {Map<string, Prefix>} */
  #found = new Map();

  /** @param {number[]} prefix */
  at(prefix) {
    const key = prefix.join();
    let found = this.#found.get(key);
    if (found === undefined) {
      found = { prefix, ending: 0, open: 0 };
      this.#found.set(key, found);
    }
    return found;
  }

  /** The likeliest, best first; of equal ones the first met. */
  best(width) {
    return [...this.#found.values()].sort((a, b) => chance(b) - chance(a)).slice(0, width);
  }
}
