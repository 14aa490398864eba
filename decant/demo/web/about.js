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
    [t("verdicts"), ...sidecar.verdicts.map(verdictText)],
    [t("runtime"), runtimeText(runtime)],
  ];
  list.replaceChildren(
    ...entries
      .filter(([, value]) => value !== undefined)
      .flatMap(([name, ...values]) => [
        element("dt", name),
        ...values.map((value) => element("dd", value)),
      ]),
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
    limit: amount(limit, unit),
    measured: measured === null ? "–" : amount(measured, unit),
    met: t(answer),
  });
}

/** Writes a figure with the digits that the terminal has (bench/formatting.py). */
function amount(value, unit) {
  if (unit === "bytes") return megabytes(value);
  if (unit === "fraction") return value.toFixed(4);
  if (unit === "ratio") return t("timesFloat", { ratio: value.toFixed(3) });
  if (unit === "ms") return `${value >= 1 ? value.toFixed(2) : value.toPrecision(3)} ms`;
  return unit === "qps" ? t("aSecond", { rate: value.toFixed(1) }) : `${value} ${unit}`;
}

function megabytes(value) {
  return value >= 1e5 ? `${(value / 1e6).toFixed(3)} MB` : `${(value / 1e3).toFixed(3)} kB`;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
