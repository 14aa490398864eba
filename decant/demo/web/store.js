/** Keeps feedback in this browser: in IndexedDB, or in the page's memory where that is closed. */

const NAME = "decant-feedback";
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * @typedef {{
 *   id: string, kept: number, model: string, changes: number, record: any,
 *   jpeg: Uint8Array<ArrayBuffer>,
 * }} Entry `model`: SHA-256 of the release's chosen file.
 */

/** @returns {Promise<Store>} */
export async function openStore() {
  try {
    return new Store(await openDatabase());
  } catch {
    return new Store(null);
  }
}

function openDatabase() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("entries", { keyPath: "id" });
    request.result.createObjectStore("settings");
  };
  return result(request);
}

function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked by another tab"));
  });
}

class Store {
  #database;
  #memory = { entries: new Map(), settings: new Map() };

  constructor(database) {
    this.#database = database;
  }

  /** Whether what is kept outlives the page. */
  get lasting() {
    return this.#database !== null;
  }

  /** @returns {Promise<Entry[]>} Newest first. */
  async entries() {
    const found = await this.#ask("entries", "readonly", (store) => store.getAll());
    return (found ?? [...this.#memory.entries.values()]).sort((a, b) => b.kept - a.kept);
  }

  /** @param {Entry} entry */
  async keep(entry) {
    if (!this.lasting) this.#memory.entries.set(entry.id, entry);
    await this.#ask("entries", "readwrite", (store) => store.put(entry));
  }

  /** @param {string} id */
  async delete(id) {
    this.#memory.entries.delete(id);
    await this.#ask("entries", "readwrite", (store) => store.delete(id));
  }

  async deleteAll() {
    this.#memory.entries.clear();
    await this.#ask("entries", "readwrite", (store) => store.clear());
  }

  /** Deletes what is older than that. */
  async expire(days) {
    const oldest = Date.now() - days * DAY_MS;
    for (const { id, kept } of await this.entries()) if (kept < oldest) await this.delete(id);
  }

  /** @param {string} name */
  async setting(name) {
    const found = await this.#ask("settings", "readonly", (store) => store.get(name));
    return found ?? this.#memory.settings.get(name) ?? null;
  }

  /** @param {string} name */
  async set(name, value) {
    if (!this.lasting) this.#memory.settings.set(name, value);
    await this.#ask("settings", "readwrite", (store) => store.put(value, name));
  }

  /** Makes a request, and waits until it lasts. */
  #ask(name, mode, request) {
    if (this.#database === null) return Promise.resolve(undefined);
    const transaction = this.#database.transaction(name, mode);
    const asked = request(transaction.objectStore(name));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onabort = () => reject(transaction.error);
    });
  }
}
