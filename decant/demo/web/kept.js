/** The feedback that is kept: consent, the list, retention, export. */

import { CONSENT_VERSION, isCovered } from "./consent.js";
import { isCorrectable } from "./decode.js";
import { archive, consentGiven, MOST_BYTES, MOST_RECORDS } from "./feedback.js";
import { Refusal } from "./refusal.js";
import { bytes, plural, t } from "./text.js";

const HOUR_MS = 60 * 60 * 1000;
const DAYS = [1, 7, 30, 90];
const USUAL_DAYS = 30;

export class Kept {
  /** @type {(name: string) => any} */
  #part;
  #store;
  #sidecar;
  #served;
  #consent;
  /** @type {import("./store.js").Entry[]} */
  #entries = [];
  #addresses = [];
  /** Called whenever the list may have changed. */
  onShow = () => {};

  /**
   * @param {HTMLElement} section
   * @param {HTMLDialogElement} consent
   * @param {Awaited<ReturnType<typeof import("./store.js").openStore>>} store
   * @param {import("./sidecar.js").Sidecar} sidecar
   * @param {{version: string, model: string}} served Version of LiteRT.js, path of the sidecar.
   */
  constructor(section, consent, store, sidecar, served) {
    this.#part = (name) => section.querySelector(`[data-part="${name}"]`);
    this.#store = store;
    this.#sidecar = sidecar;
    this.#served = served;
    this.#consent = consent;
    this.#part("export").addEventListener("click", () => this.#export());
    this.#part("deleteAll").addEventListener("click", () => this.#deleteAll());
    this.#part("withdraw").addEventListener("click", () => this.#withdraw());
    this.#part("retention").addEventListener("change", (event) => this.#keepFor(event.target));
  }

  /** Deletes what nobody agrees to any more and what is too old, every hour, and shows the rest. */
  async start() {
    // The page may have been closed while a consent was being withdrawn.
    if ((await this.#store.setting("consent")) === null) await this.#store.deleteAll();
    setInterval(() => this.#tidy(), HOUR_MS);
    await this.#tidy();
  }

  async #tidy() {
    await this.#store.expire((await this.#store.setting("days")) ?? USUAL_DAYS);
    await this.show();
  }

  /**
   * Keeps a record, in place of an earlier one of its id, if the user agrees, who is asked once.
   *
   * @param {any} record
   * @param {Uint8Array<ArrayBuffer>} jpeg
   * @param {number} changes As the user counts them.
   * @returns {Promise<boolean>} Whether it is kept.
   */
  async keep(record, jpeg, changes) {
    const consent = await this.#agreed();
    if (consent === null) return false;
    const now = new Date();
    const whole = { ...record, kept: now.toISOString(), consent };
    if (!isCovered(whole, now)) throw new Refusal("clockSetBack", { given: consent.given });
    const others = this.#entries.filter(({ id }) => id !== record.id);
    const size = others.reduce((sum, each) => sum + each.jpeg.length, jpeg.length);
    if (others.length >= MOST_RECORDS || size > MOST_BYTES) throw new Refusal("full");
    const entry = { id: record.id, kept: now.getTime(), model: this.#model, changes, jpeg };
    await this.#store.keep({ ...entry, record: whole });
    await this.show();
    return true;
  }

  /** Whether a record is still there. */
  has(id) {
    return this.#entries.some((each) => each.id === id);
  }

  get #model() {
    return this.#sidecar.variants.find((each) => each.accelerator === "cpu").sha256;
  }

  /** The user's consent to the present wording, who is asked where there is none; null if not. */
  async #agreed() {
    const given = await this.#store.setting("consent");
    if (given?.text_version === CONSENT_VERSION) return given;
    this.#consent.returnValue = "";
    this.#consent.showModal();
    await new Promise((closed) => this.#consent.addEventListener("close", closed, { once: true }));
    if (this.#consent.returnValue !== "agree") return null;
    const consent = consentGiven();
    await this.#store.set("consent", consent);
    return consent;
  }

  async show() {
    this.#entries = await this.#store.entries();
    const size = this.#entries.reduce((sum, each) => sum + each.jpeg.length, 0);
    const { length } = this.#entries;
    this.#part("count").textContent = length
      ? t("feedbackKept", { count: length, size: bytes(size) })
      : t(isCorrectable(this.#sidecar) ? "feedbackNone" : "feedbackNever");
    this.#part("memory").hidden = this.#store.lasting;
    this.#part("tools").hidden = length === 0 && (await this.#store.setting("consent")) === null;
    this.#part("export").disabled = this.#ours.length === 0;
    this.#part("deleteAll").disabled = length === 0;
    await this.#showDays();
    this.#showList();
    this.onShow();
  }

  async #showDays() {
    const chosen = (await this.#store.setting("days")) ?? USUAL_DAYS;
    const options = DAYS.map((days) => {
      const text = days === 1 ? t("day") : t("days", { count: days });
      return new Option(text, String(days), false, days === chosen);
    });
    this.#part("retention").replaceChildren(...options);
  }

  #showList() {
    for (const address of this.#addresses) URL.revokeObjectURL(address);
    this.#addresses = [];
    this.#part("list").replaceChildren(...this.#entries.map((entry) => this.#row(entry)));
  }

  #row(entry) {
    const row = document.createElement("li");
    const picture = document.createElement("img");
    picture.src = URL.createObjectURL(new Blob([entry.jpeg], { type: "image/jpeg" }));
    picture.alt = "";
    this.#addresses.push(picture.src);
    const text = document.createElement("span");
    const date = new Date(entry.kept).toLocaleString(document.documentElement.lang);
    const changes = entry.changes ? plural("changes", entry.changes) : t("unchanged");
    text.textContent = t("entry", { date, changes });
    if (!this.#isExported(entry)) text.textContent += ` (${t("otherModel")})`;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = t("delete");
    button.setAttribute("aria-label", `${t("delete")}: ${text.textContent}`);
    button.addEventListener("click", async () => {
      await this.#store.delete(entry.id);
      await this.show();
    });
    row.append(picture, text, button);
    return row;
  }

  get #ours() {
    return this.#entries.filter((each) => this.#isExported(each));
  }

  /** Whether the importer takes it: the archive would be refused for the sake of one record. */
  #isExported(entry) {
    return entry.model === this.#model && isCovered(entry.record, new Date());
  }

  #export() {
    const zip = archive(this.#ours, this.#sidecar, this.#served.version);
    const day = new Date().toISOString().slice(0, 10);
    const file = `decant-feedback-${this.#sidecar.model}-${day}.zip`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([zip], { type: "application/zip" }));
    link.download = file;
    link.click();
    // The download has begun by then; the memory is needed no more.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    this.#part("said").textContent = t("exported", { file, model: this.#served.model });
  }

  async #deleteAll() {
    if (!confirm(t("deleteAllAsk"))) return;
    await this.#store.deleteAll();
    this.#part("said").textContent = "";
    await this.show();
  }

  async #withdraw() {
    if (!confirm(t("deleteAllAsk"))) return;
    // In this order: start() goes on with what a closed page leaves.
    await this.#store.set("consent", null);
    await this.#store.deleteAll();
    await this.show();
  }

  async #keepFor(choice) {
    const days = Number(choice.value);
    await this.#store.set("days", days);
    await this.#store.expire(days);
    await this.show();
  }
}
