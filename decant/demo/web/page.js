/** The page: takes photos, asks the model's files, and shows what they answer side by side. */

import { describe } from "./about.js";
import { changeBackend, nameBackends, offerBackends } from "./backends.js";
import { Correcting } from "./correcting.js";
import { ruleOf } from "./decode.js";
import { Kept } from "./kept.js";
import { Live } from "./live.js";
import { fail, guard, say } from "./notices.js";
import { Panel } from "./panel.js";
import { decodePhoto, grab } from "./photo.js";
import { Refusal } from "./refusal.js";
import { Runner } from "./runner.js";
import { listenForFiles } from "./sources.js";
import { Still } from "./still.js";
import { summary } from "./summary.js";
import { fillIn, percent, t } from "./text.js";

/** @returns {any} */
const element = (id) => document.getElementById(id);

export class Page {
  #sidecar;
  /** @type {import("./decode/rule.js").Rule["shows"] | undefined} What answers look like. */
  #shows;
  #runtime;
  #kept;
  #live;
  #still;
  #correcting;
  /** @type {Panel[]} */
  #panels = [];
  #photo = null;

  /**
   * @param {import("./sidecar.js").Sidecar} sidecar
   * @param {{version: string, threads: number}} runtime
   * @param {Awaited<ReturnType<typeof import("./store.js").openStore>>} store
   * @param {{version: string, model: string}} served
   */
  constructor(sidecar, runtime, store, served) {
    this.#sidecar = sidecar;
    this.#shows = ruleOf(sidecar)?.shows;
    this.#runtime = runtime;
    this.#kept = new Kept(element("feedback"), element("consent"), store, sidecar, served);
    // What found upright boxes learns from upright boxes.
    const upright = this.#shows === "boxes" && sidecar.decode.kind !== "quad_grid";
    this.#correcting = new Correcting(this.#kept, sidecar.labels, upright);
    const view = {
      begin: (photo) => this.#begin(photo),
      draw: (panel) => this.#draw(panel),
      compare: () => this.#compare(),
    };
    const controls = { all: element("all"), frames: element("frames") };
    this.#live = new Live(this.#panels, view, controls);
    this.#still = new Still(this.#panels, view);
  }

  async start() {
    for (const variant of this.#sidecar.variants) {
      // The NPU's file is compiled for one chip; no browser can run it.
      if (variant.accelerator === "npu") continue;
      const panel = new Panel(element("panel"), variant, this.#sidecar, this.#shows);
      element("panels").append(panel.element);
      panel.use(await this.#open(variant, "wasm"), this.#hasGolden);
      this.#panels.push(panel);
      offerBackends(panel);
      panel.backend.addEventListener("change", () => this.#changeBackend(panel));
      panel.correct.addEventListener("click", () => this.#edit(panel));
    }
    this.#enableBackends();
    await this.#kept.start();
    this.#listen();
    this.#offerThreshold();
    this.translate();
    for (const id of ["source", "feedback", "about"]) element(id).hidden = false;
    say("");
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
    element("keep").addEventListener("click", () => guard(() => this.#keep()));
    element("cancel").addEventListener("click", () => this.#closeEditor());
    listenForFiles(element("file"), element("source"), (files) => this.#take(files));
  }

  #enableBackends() {
    for (const { backend } of this.#panels) {
      backend.disabled = this.#correcting.isOpen || backend.options.length === 1;
    }
  }

  async #changeBackend(panel) {
    say(t("loading"));
    await changeBackend(panel, (wanted) => this.#open(panel.variant, wanted), this.#hasGolden);
    say("");
    if (this.#photo !== null && !this.#live.isOn) await this.#look(this.#photo);
  }

  #offerThreshold() {
    const { decode } = this.#sidecar;
    const slider = element("threshold");
    element("thresholdLabel").hidden = this.#shows !== "boxes";
    slider.min = decode?.score_threshold ?? 0;
    slider.max = Math.max(Number(slider.max), decode?.display_threshold ?? 0);
    slider.value = decode?.display_threshold ?? 0;
  }

  get #threshold() {
    return Number(element("threshold").value);
  }

  #take(files) {
    return guard(async () => {
      if (!files?.length) throw new Refusal("noPictureThere");
      if (!this.#correcting.mayLeave()) return;
      this.#stopCamera();
      say(t("working"));
      const chosen = performance.now();
      await this.#look(await decodePhoto(files[0]), chosen);
    });
  }

  /**
   * Asks every file about a still photo, then times them.
   *
   * @param {import("./photo.js").Photo} photo
   * @param {number} chosen When the user gave the photo.
   */
  async #look(photo, chosen = performance.now()) {
    const state = document.body.dataset;
    delete state.answered;
    delete state.measured;
    this.#closeEditor();
    this.#live.showOnly(this.#panels);
    if (!(await this.#still.ask(photo, chosen))) return;
    say("");
    state.answered = "yes";
    if (await this.#still.measure(photo)) state.measured = "yes";
  }

  /** Makes room for the answers to a photo. */
  #begin(photo) {
    this.#photo = photo;
    document.body.classList.add("answered");
    element("answers").hidden = false;
    this.#nameButtons();
  }

  #draw(panel) {
    panel.draw(this.#photo, this.#threshold);
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
    if (this.#shows === undefined || !left.answered || !right.answered) return;
    element("comparison").textContent = summary(left, right, this.#threshold);
  }

  #edit(panel) {
    // Not before there is an answer.
    if (panel.answered === null || !this.#correcting.mayLeave()) return;
    this.#still.stop();
    if (this.#live.isOn) this.#freeze();
    for (const each of this.#panels) each.settle();
    this.#correcting.open(panel, this.#photo, this.#given(panel));
    // The record names what gave the answer.
    this.#enableBackends();
  }

  /** What is kept is what every app shows, wherever the slider stands. */
  #given(panel) {
    return {
      predictions: panel.visible(this.#sidecar.decode?.display_threshold ?? 0),
      shown: panel.shown,
      times: panel.answered,
    };
  }

  #closeEditor() {
    this.#correcting.close();
    this.#enableBackends();
  }

  async #keep() {
    if (!(await this.#correcting.keep())) return;
    this.#closeEditor();
    say(t("kept"));
    element("feedback").scrollIntoView({ block: "nearest" });
  }

  #toggleCamera() {
    if (this.#live.isOpening) return Promise.resolve();
    if (this.#live.isOn) {
      this.#stopCamera();
      return Promise.resolve();
    }
    if (!this.#correcting.mayLeave()) return Promise.resolve();
    return guard(async () => {
      try {
        await this.#live.open(() => {
          this.#stopCamera();
          fail(new Refusal("cameraLost"));
        });
        this.#still.stop();
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
    return guard(async () => {
      this.#freeze();
      await this.#look(this.#photo);
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
      nameBackends(panel);
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
      mask: panel.mask,
      ranking: panel.ranking,
      times: panel.answered,
      medians: panel.times,
      shown: panel.shown,
    }));
  }
}
