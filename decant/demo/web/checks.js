/** Checks of JSON values: each takes a value and its path, and throws an Error that names it. */

/** @typedef {(value: any, path: string) => void} Check */

export function fail(path, message) {
  throw new Error(`${path}: ${message}`);
}

/** @type {Check} */
export function text(value, path) {
  if (typeof value !== "string") fail(path, "must be a text");
}

/** @returns {Check} */
export function matching(pattern, what) {
  return (value, path) => {
    if (typeof value !== "string" || !pattern.test(value)) fail(path, `must be ${what}`);
  };
}

/** @returns {Check} */
export function number(low = -Infinity, high = Infinity) {
  return (value, path) => {
    if (!Number.isFinite(value) || value < low || value > high) {
      fail(path, `must be a number${between(low, high)}`);
    }
  };
}

/** @returns {Check} */
export function whole(low = -Infinity, high = Infinity) {
  return (value, path) => {
    if (!Number.isSafeInteger(value) || value < low || value > high) {
      fail(path, `must be a whole number${between(low, high)}`);
    }
  };
}

function between(low, high) {
  if (high !== Infinity) return ` from ${low} to ${high}`;
  return low === -Infinity ? "" : ` of at least ${low}`;
}

/** @returns {Check} */
export function oneOf(...options) {
  return (value, path) => {
    if (!options.includes(value)) {
      fail(path, `must be ${options.map((each) => JSON.stringify(each)).join(" or ")}`);
    }
  };
}

/** @returns {Check} */
export function nullable(check) {
  return (value, path) => {
    if (value !== null) check(value, path);
  };
}

/** @returns {Check} */
export function list(check, { least = 0, most = Infinity } = {}) {
  return (value, path) => {
    if (!Array.isArray(value)) fail(path, "must be a list");
    if (value.length < least || value.length > most) fail(path, `has ${value.length} entries`);
    value.forEach((each, index) => check(each, `${path}.${index}`));
  };
}

/**
 * An object with any keys.
 *
 * @param {Check} check Of the values.
 * @param {Check} key Of the keys.
 * @returns {Check}
 */
export function dictionary(check, key = text) {
  return (value, path) => {
    requireObject(value, path);
    for (const [name, each] of Object.entries(value)) {
      key(name, `${path}.${name}`);
      check(each, `${path}.${name}`);
    }
  };
}

/**
 * An object with these keys and no others.
 *
 * @param {Record<string, Check>} fields
 * @returns {Check}
 */
export function object(fields) {
  return (value, path) => {
    requireObject(value, path);
    const prefix = path === "" ? "" : `${path}.`;
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(fields, name)) fail(prefix + name, "is an unknown field");
    }
    for (const [name, check] of Object.entries(fields)) {
      if (!Object.hasOwn(value, name)) fail(prefix + name, "is missing");
      check(value[name], prefix + name);
    }
  };
}

function requireObject(value, path) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    fail(path || "top level", "must be an object");
  }
}
