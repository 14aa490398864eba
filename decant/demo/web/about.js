/** What the page tells about the model: its files, licences and what was measured. */

import { bytes, plural, t } from "./text.js";

/**
 * @param {HTMLElement} list A `dl`.
 * @param {import("./sidecar.js").Sidecar} sidecar
 * @param {{version: string, threads: number}} runtime
 */
export function describe(list, sidecar, runtime) {
  const entries = [
    [t("model"), sidecar.model],
    ...sidecar.variants.map((each) => [
      `${t("file")} (${each.accelerator})`,
      `${each.file}, ${each.name}, ${bytes(each.size_bytes)}, SHA-256 ${each.sha256}`,
    ]),
    [t("labels"), sidecar.labels.join(", ")],
    ...Object.entries(sidecar.licences).map(([what, licence]) => [
      `${t("licences")} (${what})`,
      licence,
    ]),
    ...sidecar.verdicts.map((each) => [t("verdicts"), verdictText(each)]),
    [t("runtime"), runtimeText(runtime)],
  ];
  list.replaceChildren(
    ...entries.flatMap(([name, value]) => [element("dt", name), element("dd", value)]),
  );
}

function runtimeText({ version, threads }) {
  const text = t("runtimeText", { version, threads: plural("threads", threads) });
  return self.crossOriginIsolated ? text : `${text}; ${t("threadsClosed")}`;
}

function verdictText({ subject, unit, limit, measured, met }) {
  const answer = met === null ? "notMeasured" : met ? "met" : "notMet";
  return t("verdict", {
    subject,
    limit: `${limit} ${unit}`,
    measured: measured === null ? "–" : `${Number(measured.toPrecision(4))} ${unit}`,
    met: t(answer),
  });
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
