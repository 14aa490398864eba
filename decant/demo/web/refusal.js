/** Why something cannot be done: a key of text.js, and what is filled in. */
export class Refusal extends Error {
  /**
   * @param {string} key
   * @param {Record<string, string | number>} values
   */
  constructor(key, values = {}) {
    super(`${key} ${JSON.stringify(values)}`);
    this.key = key;
    this.values = values;
  }
}
