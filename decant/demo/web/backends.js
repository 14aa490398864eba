/** Lets the user choose what a file runs on. */

import { gpuRefusal } from "./engine.js";
import { Refusal } from "./refusal.js";
import { explained, t } from "./text.js";

/**
 * Offers the GPU for the file that is meant for it.
 *
 * @param {import("./panel.js").Panel} panel
 */
export function offerBackends({ backend, variant }) {
  backend.replaceChildren(new Option("", "wasm"));
  if (variant.accelerator === "gpu" && "gpu" in navigator) {
    backend.append(new Option("", "webgpu"));
  }
}

/** @param {import("./panel.js").Panel} panel */
export function nameBackends({ backend }) {
  const names = { wasm: t("onCpu"), webgpu: t("onGpu") };
  for (const option of backend.options) option.textContent = names[option.value];
}

/**
 * Runs the panel's file on what is chosen, or says why that is refused.
 *
 * @param {import("./panel.js").Panel} panel
 * @param {(backend: "wasm" | "webgpu") => Promise<import("./runner.js").Runner>} open
 * @param {boolean} hasGolden
 */
export async function changeBackend(panel, open, hasGolden) {
  const wanted = panel.backend.value;
  try {
    const refusal = wanted === "webgpu" ? gpuRefusal() : null;
    if (refusal !== null) throw refusal;
    const runner = await open(wanted);
    const before = panel.runner;
    panel.use(runner, hasGolden);
    await before.close();
  } catch (error) {
    panel.backend.value = panel.runner.backend;
    const reason = error.key ? error : new Refusal("gpuFailed", { reason: error.message });
    panel.note(t("refused", { reason: explained(reason) }));
  }
}
