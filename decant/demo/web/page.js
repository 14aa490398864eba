/** The page: takes photos, asks the model's files, and shows what they answer side by side. */

import { describe } from "./about.js";
import { Editor } from "./editor.js";
import { gpuRefusal } from "./engine.js";
import { makeRecord } from "./feedback.js";
import { Kept } from "./kept.js";
import { Live } from "./live.js";
import { Panel } from "./panel.js";
import { decodePhoto, encodePhoto, grab } from "./photo.js";
import { Refusal } from "./refusal.js";
import { Runner } from "./runner.js";
import { listenForFiles } from "./sources.js";
import { summary } from "./summary.js";
import { explained, fillIn, percent, t } from "./text.js";
import { painted, rested } from "./waiting.js";

const RUNS = 20;
const LONGEST_MS = 3000;

/** @returns {any} */
const element = (id) => document.getElementById(id);

export class Page {
  #sidecar;
  #runtime;
  #kept;
  #live;
  #editor;
  /** @type {Panel[]} */
  #panels = [];
  #photo = null;
  #captured = new Date();
  /** Number of the photo that is looked at; what is still under way for another one stops. */
  #turn = 0;
  #edited = null;

  constructor(sidecar, runtime, store) {
    this.#sidecar = sidecar;
    this.#runtime = runtime;
    this.#editor = new Editor(element("editor"), sidecar.labels);
    this.#kept = new Kept(element("feedback"), element("consent"), store, sidecar, runtime.version);
    const view = {
      begin: (photo) => this.#begin(photo),
      draw: (panel) => this.#draw(panel),
      compare: () => this.#compare(),
    };
    const controls = { all: element("all"), frames: element("frames") };
    this.#live = new Live(this.#panels, view, controls);
  }

  async start() {
    for (const variant of this.#sidecar.variants) {
      // The NPU's file is compiled for one chip; no browser can run it.
      if (variant.accelerator === "npu") continue;
      const panel = new Panel(element("panel"), variant);
      element("panels").append(panel.element);
      panel.use(await this.#open(variant, "wasm"), this.#hasGolden);
      this.#panels.push(panel);
      this.#offerBackends(panel);
      panel.correct.addEventListener("click", () => this.#edit(panel));
    }
    this.#enableBackends();
    await this.#kept.start();
    this.#listen();
    this.#offerThreshold();
    this.translate();
    for (const id of ["source", "feedback", "about"]) element(id).hidden = false;
    this.say("");
  }

  get #hasGolden() {
    return this.#sidecar.golden.length > 0;
  }

  #open(variant, backend) {
    return Runner.open(this.#sidecar, variant, backend, this.#runtime.threads);
  }

  #listen() {
    element("choose").addEventListener("click", () => element("file").click());
    element("camera").addEventListener("click", () => this.#toggleCamera());
    element("snap").addEventListener("click", () => this.#snap());
    element("threshold").addEventListener("input", () => this.#redraw());
    element("keep").addEventListener("click", () => this.#guard(() => this.#keep()));
    element("cancel").addEventListener("click", () => this.#closeEditor());
    listenForFiles(element("file"), element("source"), (files) => this.#take(files));
  }

  /** Offers the GPU for the file that is meant for it. */
  #offerBackends(panel) {
    panel.backend.replaceChildren(new Option("", "wasm"));
    if (panel.variant.accelerator === "gpu" && "gpu" in navigator) {
      panel.backend.append(new Option("", "webgpu"));
    }
    panel.backend.addEventListener("change", () => this.#changeBackend(panel));
  }

  #enableBackends() {
    for (const { backend } of this.#panels) {
      backend.disabled = this.#edited !== null || backend.options.length === 1;
    }
  }

  async #changeBackend(panel) {
    const wanted = panel.backend.value;
    this.say(t("loading"));
    try {
      const refusal = wanted === "webgpu" ? gpuRefusal() : null;
      if (refusal !== null) throw refusal;
      const runner = await this.#open(panel.variant, wanted);
      const before = panel.runner;
      panel.use(runner, this.#hasGolden);
      await before.close();
    } catch (error) {
      panel.backend.value = panel.runner.backend;
      const reason = error.key ? error : new Refusal("gpuFailed", { reason: error.message });
      panel.note(t("refused", { reason: explained(reason) }));
    }
    this.say("");
    if (this.#photo !== null && !this.#live.isOn) await this.#look(this.#photo, 0);
  }

  #offerThreshold() {
    const { decode } = this.#sidecar;
    const slider = element("threshold");
    element("thresholdLabel").hidden = decode.kind === "argmax";
    slider.min = decode.score_threshold ?? 0;
    slider.value = decode.display_threshold ?? 0;
  }

  get #threshold() {
    return Number(element("threshold").value);
  }

  /** Runs something that the user asked for, and says so where it fails. */
  async #guard(work) {
    this.fail(null);
    try {
      await work();
    } catch (error) {
      this.say("");
      this.fail(error);
    }
  }

  #take(files) {
    return this.#guard(async () => {
      if (!files?.length) throw new Refusal("noPictureThere");
      this.#stopCamera();
      this.say(t("working"));
      const begun = performance.now();
      const photo = await decodePhoto(files[0]);
      await this.#look(photo, performance.now() - begun);
    });
  }

  /**
   * Asks every file about a still photo, then times them.
   *
   * @param {import("./photo.js").Photo} photo
   * @param {number} spent Milliseconds that the photo took so far.
   */
  async #look(photo, spent) {
    const turn = ++this.#turn;
    delete document.body.dataset.answered;
    delete document.body.dataset.measured;
    this.#closeEditor();
    this.#begin(photo);
    this.#live.showOnly(this.#panels);
    for (const panel of this.#panels) {
      panel.clear();
      const begun = performance.now();
      const answer = await panel.runner.answer(photo.pixels);
      if (turn !== this.#turn) return;
      panel.take(answer, "once");
      this.#draw(panel);
      await painted();
      panel.shown = spent + performance.now() - begun;
      panel.report();
      if (turn !== this.#turn) return;
    }
    this.#compare();
    this.say("");
    document.body.dataset.answered = String(turn);
    await this.#measure(turn);
  }

  /** Runs each file again and again, in between the page stays alive; shows medians. */
  async #measure(turn) {
    for (const panel of this.#panels) {
      const until = performance.now() + LONGEST_MS;
      panel.forget();
      for (let run = 0; run < RUNS && performance.now() < until; run++) {
        const { times } = await panel.runner.answer(this.#photo.pixels);
        if (turn !== this.#turn) return;
        panel.time(times, "medianOf");
        await rested();
      }
      panel.report();
      this.#compare();
    }
    document.body.dataset.measured = String(turn);
  }

  /** Makes room for the answers to a photo. */
  #begin(photo) {
    this.#photo = photo;
    this.#captured = new Date();
    document.body.classList.add("answered");
    element("answers").hidden = false;
    this.#nameButtons();
  }

  #draw(panel) {
    panel.draw(this.#photo, this.#threshold, this.#sidecar.labels.length === 1);
  }

  #redraw() {
    element("thresholdValue").textContent = percent(this.#threshold);
    if (this.#photo === null) return;
    for (const panel of this.#panels) this.#draw(panel);
    this.#compare();
  }

  #compare() {
    const [left, right] = this.#panels;
    if (right === undefined || this.#photo === null) return;
    element("comparison").textContent = summary(left, right, this.#threshold);
  }

  #edit(panel) {
    // Not before there is an answer.
    if (panel.shown === null) return;
    this.#turn++;
    if (this.#live.isOn) this.#freeze();
    for (const each of this.#panels) each.settle();
    this.#edited = { panel, answer: this.#answerOf(panel) };
    // The record names what gave the answer.
    this.#enableBackends();
    this.#editor.open(this.#photo, this.#edited.answer.predictions);
  }

  /** What is kept is what every app shows, wherever the slider stands. */
  #answerOf(panel) {
    return {
      predictions: panel.visible(this.#sidecar.decode.display_threshold ?? 0),
      shown: panel.shown,
      times: panel.answered,
      captured: this.#captured,
    };
  }

  #closeEditor() {
    this.#editor.close();
    this.#edited = null;
    this.#enableBackends();
  }

  async #keep() {
    const { panel, answer } = this.#edited;
    const { changes, corrections } = this.#editor;
    const record = makeRecord(this.#photo, panel.runner, answer, corrections);
    // Once is enough.
    element("keep").disabled = true;
    try {
      const jpeg = await encodePhoto(this.#photo);
      if (!(await this.#kept.keep(record, jpeg, changes))) return;
    } finally {
      element("keep").disabled = false;
    }
    this.#closeEditor();
    this.say(t("kept"));
    element("feedback").scrollIntoView({ block: "nearest" });
  }

  #toggleCamera() {
    if (this.#live.isOpening) return Promise.resolve();
    if (this.#live.isOn) {
      this.#stopCamera();
      return Promise.resolve();
    }
    return this.#guard(async () => {
      try {
        await this.#live.open(() => {
          this.#stopCamera();
          this.fail(new Refusal("cameraLost"));
        });
        this.#turn++;
        this.#closeEditor();
        element("comparison").textContent = "";
        this.#nameButtons();
        await this.#live.watch();
      } catch (error) {
        this.#stopCamera();
        throw error;
      }
    });
  }

  /** Takes what the camera shows as a still photo. */
  #snap() {
    return this.#guard(async () => {
      this.#freeze();
      await this.#look(this.#photo, 0);
    });
  }

  #freeze() {
    const { canvas, width, height } = this.#photo;
    const { asked } = this.#live;
    this.#stopCamera();
    this.#photo = grab(canvas, width, height);
    // The others have no answer to this picture.
    this.#live.showOnly(asked);
  }

  #stopCamera() {
    this.#live.stop();
    this.#nameButtons();
  }

  #nameButtons() {
    const { isOn } = this.#live;
    element("choose").textContent = t(this.#photo === null ? "choose" : "another");
    element("camera").textContent = t(isOn ? "cameraStop" : "camera");
    element("snap").hidden = !isOn;
    element("allLabel").hidden = !isOn || this.#panels.length === 1;
    document.body.classList.toggle("live", isOn);
  }

  translate() {
    fillIn();
    document.title = `${this.#sidecar.model} – ${t("title")}`;
    element("model").textContent = this.#sidecar.model;
    for (const panel of this.#panels) {
      panel.translate(this.#hasGolden);
      const names = { wasm: t("onCpu"), webgpu: t("onGpu") };
      for (const option of panel.backend.options) option.textContent = names[option.value];
    }
    describe(element("facts"), this.#sidecar, this.#runtime);
    this.#kept.show();
    this.#nameButtons();
    this.#redraw();
  }

  /** What is shown, for tests and for the curious at the browser's console. */
  get answers() {
    return this.#panels.map((panel) => ({
      file: panel.variant.file,
      backend: panel.runner.backend,
      mismatch: panel.runner.mismatch?.values ?? null,
      predictions: panel.predictions,
      times: panel.answered,
      medians: panel.times,
      shown: panel.shown,
    }));
  }

  say(text) {
    element("status").textContent = text;
    element("status").hidden = text === "";
  }

  fail(error) {
    element("error").hidden = error === null;
    element("errorText").textContent = error === null ? "" : explained(error);
  }
}
