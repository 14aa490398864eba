// What every scenario needs: a browser with the page in it, and ways to use it.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, argument] = process.argv.slice(2);
export const options = JSON.parse(argument);
const { chromium } = createRequire(pathToFileURL(`${options.packages}/`))("playwright-core");

const CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/** Opens the page, and notes all that it asks for and says. */
export async function open(settings = {}, script = null) {
  const browser = await chromium.launch({
    executablePath: options.chromium,
    args: ["--headless", "--no-sandbox", ...CAMERA, ...(options.flags ?? [])],
  });
  const context = await browser.newContext({ acceptDownloads: true, ...settings });
  if (script !== null) await context.addInitScript(script);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000); // A busy machine takes long to start the runtime.
  const seen = { requests: [], errors: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("console", (line) => {
    if (line.type() === "error") seen.errors.push(line.text());
  });
  await page.goto(options.address);
  return { browser, context, page, seen };
}

export async function ready(page) {
  await page.waitForSelector("#source:not([hidden])");
  return page;
}

/** Gives the page a file, and waits for all answers or until all runs are timed. */
export async function show(page, file, state = "answered") {
  await page.evaluate(() => delete document.body.dataset.answered);
  await page.setInputFiles("#file", file);
  await page.waitForFunction((name) => document.body.dataset[name] !== undefined, state);
}

export const answers = (page) =>
  page.evaluate(() => {
    const panels = [...document.querySelectorAll("[data-accelerator]")];
    const lines = panels.map((panel) =>
      [...panel.querySelectorAll('[data-part="ranking"] li')].map((line) =>
        [...line.children].map((part) => part.textContent).join(" "),
      ),
    );
    const text = (panel, part) => panel.querySelector(`[data-part="${part}"]`).textContent;
    return globalThis.decant.answers.map((answer, index) => ({
      ...answer,
      mask: answer.mask && { ...answer.mask, labels: [...answer.mask.labels] },
      written: lines[index],
      headline: text(panels[index], "found"),
      fixed: text(panels[index], "fixed"),
      tags: [...panels[index].querySelectorAll(".tag")].map((tag) => tag.textContent),
      correctable: !panels[index].querySelector('[data-part="correct"]').hidden,
    }));
  });

/** The middle of a shape on the screen. */
export async function middle(page, selector) {
  const { x, y, width, height } = await page.locator(selector).boundingBox();
  return [x + width / 2, y + height / 2];
}

export async function drag(page, [x, y], [toX, toY]) {
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move((x + toX) / 2, (y + toY) / 2);
  await page.mouse.move(toX, toY);
  await page.mouse.up();
}

/** Keeps what the editor shows, and agrees when asked for the first time. */
export async function keep(page, { agree = false } = {}) {
  await page.click("#keep");
  if (agree) await page.click("#consent button[value=agree]");
  await page.waitForSelector("#editor", { state: "hidden" });
}

export async function exportTo(page, zip) {
  const download = page.waitForEvent("download");
  await page.click("#feedback [data-part=export]");
  await (await download).saveAs(zip);
}
