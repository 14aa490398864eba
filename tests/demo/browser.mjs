// Drives the page in headless Chromium for test_page.py: one scenario a run, its result as JSON.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [scenario, argument] = process.argv.slice(2);
const options = JSON.parse(argument);
const { chromium } = createRequire(pathToFileURL(`${options.packages}/`))("playwright-core");

const CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/** Opens the page, and notes all that it asks for and says. */
async function open(settings = {}, script = null) {
  const browser = await chromium.launch({
    executablePath: options.chromium,
    args: ["--headless", "--no-sandbox", ...CAMERA, ...(options.flags ?? [])],
  });
  const context = await browser.newContext({ acceptDownloads: true, ...settings });
  if (script !== null) await context.addInitScript(script);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const seen = { requests: [], errors: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("console", (line) => {
    if (line.type() === "error") seen.errors.push(line.text());
  });
  await page.goto(options.address);
  return { browser, context, page, seen };
}

async function ready(page) {
  await page.waitForSelector("#source:not([hidden])");
  return page;
}

/** Gives the page a file, and waits for all answers or until all runs are timed. */
async function show(page, file, state = "answered") {
  await page.evaluate(() => delete document.body.dataset.answered);
  await page.setInputFiles("#file", file);
  await page.waitForFunction((name) => document.body.dataset[name] !== undefined, state);
}

const answers = (page) => page.evaluate(() => globalThis.decant.answers);

/** The middle of a shape on the screen. */
async function middle(page, selector) {
  const { x, y, width, height } = await page.locator(selector).boundingBox();
  return [x + width / 2, y + height / 2];
}

async function drag(page, [x, y], [toX, toY]) {
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move((x + toX) / 2, (y + toY) / 2);
  await page.mouse.move(toX, toY);
  await page.mouse.up();
}

const SCENARIOS = {
  /** Answers photos. */
  async answer() {
    const { browser, page, seen } = await open();
    await ready(page);
    const found = [];
    for (const photo of options.photos) {
      await show(page, photo);
      found.push(await answers(page));
    }
    const isolated = await page.evaluate(() => crossOriginIsolated);
    await browser.close();
    return { found, isolated, ...seen };
  },

  /** Moves a corner, deletes a box, draws one, writes a remark, agrees, and exports. */
  async correct() {
    const { browser, page, seen } = await open();
    await ready(page);
    await show(page, options.photo);
    await page.click("[data-accelerator=cpu] [data-part=correct]");
    const svg = "#editor svg";
    await page.mouse.click(...(await middle(page, `${svg} [data-box="0"] .box`)));
    const corner = await middle(page, `${svg} [data-box="0"][data-corner="2"] .knob`);
    await drag(page, corner, [corner[0] + 12, corner[1] + 9]);
    await page.mouse.click(...(await middle(page, `${svg} [data-box="1"] .box`)));
    await page.click("#editor [data-part=remove]");
    await page.click("#editor [data-part=add]");
    const { x, y, width, height } = await page.locator(svg).boundingBox();
    const at = (share) => [x + share * width, y + share * height];
    await drag(page, at(0.02), at(0.12));
    await page.fill("#editor [data-part=remark]", options.remark);
    if (options.screenshot) await page.screenshot({ path: options.screenshot, fullPage: true });
    await page.click("#keep");
    await page.click("#consent button[value=agree]");
    await page.waitForSelector("#feedback li");
    // A photo that was looked at and left as it was.
    await page.click("[data-accelerator=gpu] [data-part=correct]");
    await page.click("#keep");
    await page.waitForFunction(() => document.querySelectorAll("#feedback li").length === 2);
    const download = page.waitForEvent("download");
    await page.click("#feedback [data-part=export]");
    await (await download).saveAs(options.zip);
    await page.reload();
    await ready(page);
    const kept = await page.locator("#feedback li").count();
    await page.locator("#feedback li button").first().click();
    await page.waitForFunction(() => document.querySelectorAll("#feedback li").length === 1);
    page.once("dialog", (dialog) => dialog.accept());
    await page.click("#feedback [data-part=withdraw]");
    await page.waitForFunction(() => document.querySelectorAll("#feedback li").length === 0);
    await browser.close();
    return { kept, ...seen };
  },

  /** Refuses consent: nothing is kept. */
  async disagree() {
    const { browser, page, seen } = await open();
    await ready(page);
    await show(page, options.photo);
    await page.click("[data-accelerator=cpu] [data-part=correct]");
    await page.click("#keep");
    await page.click("#consent button[value=disagree]");
    const rows = await page.locator("#feedback li").count();
    const open_ = await page.locator("#editor").isVisible();
    await browser.close();
    return { rows, open: open_, ...seen };
  },

  /** Corrects an answer with the keyboard alone. */
  async keyboard() {
    const { browser, page, seen } = await open();
    await ready(page);
    await show(page, options.photo);
    await page.focus("[data-accelerator=cpu] [data-part=correct]");
    await page.keyboard.press("Enter");
    await page.focus('#editor svg [data-key="0"]');
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    await page.keyboard.press("ArrowRight");
    await page.focus('#editor svg [data-key="1"]');
    await page.keyboard.press("Delete");
    await page.focus("#editor [data-part=add]");
    await page.keyboard.press("Enter");
    const changes = await page.innerText("#editor [data-part=changes]");
    await browser.close();
    return { focused, changes, ...seen };
  },

  /** Watches the fake camera for a while, then takes a picture. */
  async camera() {
    const { browser, page, seen } = await open();
    await ready(page);
    await page.click("#camera");
    await page.waitForFunction(() => document.getElementById("frames").textContent !== "");
    await page.waitForTimeout(1500);
    const alone = await page.innerText("#frames");
    const hidden = await page.locator("[data-accelerator=gpu]").isHidden();
    await page.check("#all");
    await page.waitForTimeout(1500);
    const frames = await page.innerText("#frames");
    const live = await answers(page);
    if (options.screenshot) await page.screenshot({ path: options.screenshot, fullPage: true });
    // The picture that was live is corrected, and the camera goes on after that.
    await page.click("[data-accelerator=cpu] [data-part=correct]");
    const editing = await page.locator("#editor").isVisible();
    await page.click("#cancel");
    await page.click("#camera");
    await page.waitForFunction(() => document.getElementById("frames").textContent !== "");
    await page.click("#snap");
    await page.waitForFunction(() => document.body.dataset.answered !== undefined);
    const stopped = await page.evaluate(() => !document.body.classList.contains("live"));
    await browser.close();
    return { alone, hidden, frames, live, editing, stopped, ...seen };
  },

  /** Asks for the camera where browsers do not give it. */
  async insecure() {
    const { browser, page, seen } = await open();
    await ready(page);
    await show(page, options.photo);
    const found = await answers(page);
    const runtime = await page.textContent("#facts dd:last-of-type");
    await page.click("#camera");
    await page.waitForSelector("#error:not([hidden])");
    const said = await page.innerText("#errorText");
    const isolated = await page.evaluate(() => crossOriginIsolated);
    await browser.close();
    return { found, runtime, said, isolated, ...seen };
  },

  /** Says why a page does not work. */
  async failure() {
    const { browser, page, seen } = await open({}, options.script ?? null);
    if (options.photo) {
      await ready(page);
      await page.setInputFiles("#file", options.photo);
    }
    await page.waitForSelector("#error:not([hidden])");
    const said = await page.innerText("#errorText");
    await browser.close();
    return { said, ...seen };
  },

  /** Chooses a GPU that is refused. */
  async gpu() {
    const { browser, page, seen } = await open();
    await ready(page);
    await show(page, options.photo);
    const backend = "[data-accelerator=gpu] [data-part=backend]";
    await page.selectOption(backend, "webgpu");
    const note = page.locator("[data-accelerator=gpu] [data-part=note]");
    await note.filter({ hasText: options.wanted }).waitFor();
    const value = await page.inputValue(backend);
    await browser.close();
    return { value, ...seen };
  },

  /** Chooses the GPU, which SwiftShader plays, and lets it answer. */
  async gpuAnswer() {
    const { browser, page, seen } = await open();
    await ready(page);
    await show(page, options.photo);
    await page.evaluate(() => delete document.body.dataset.answered);
    await page.selectOption("[data-accelerator=gpu] [data-part=backend]", "webgpu");
    await page.waitForFunction(() => document.body.dataset.answered !== undefined);
    const found = await answers(page);
    await browser.close();
    return { found, ...seen };
  },

  /** Gives a photo another label, and exports that. */
  async relabel() {
    const { browser, page, seen } = await open();
    await ready(page);
    await show(page, options.photo);
    await page.click("[data-accelerator=cpu] [data-part=correct]");
    await page.selectOption("#editor [data-part=label]", options.label);
    if (options.screenshot) await page.screenshot({ path: options.screenshot, fullPage: true });
    const changes = await page.innerText("#editor [data-part=changes]");
    await page.click("#keep");
    await page.click("#consent button[value=agree]");
    await page.waitForSelector("#feedback li");
    const download = page.waitForEvent("download");
    await page.click("#feedback [data-part=export]");
    await (await download).saveAs(options.zip);
    await browser.close();
    return { changes, ...seen };
  },

  /** Takes pictures of the page in each state, for people to look at; says how wide it is. */
  async look() {
    const { browser, page, seen } = await open(options.settings);
    const overflow = {};
    const shoot = async (state, fullPage = true) => {
      await page.screenshot({ path: `${options.folder}/${options.name}-${state}.png`, fullPage });
      overflow[state] = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return scrollWidth - clientWidth;
      });
    };
    await ready(page);
    await shoot("idle");
    await show(page, options.photo, options.state);
    await shoot("answered");
    await page.click("[data-accelerator=cpu] [data-part=correct]");
    await page.mouse.click(...(await middle(page, '#editor svg [data-box="0"] .box')));
    await shoot("editing");
    await page.click("#keep");
    await page.waitForSelector("#consent[open]");
    await shoot("consent", false);
    await page.click("#consent button[value=agree]");
    await page.waitForSelector("#feedback li");
    await page.click("#about summary");
    await shoot("kept");
    const language = await page.getAttribute("html", "lang");
    await browser.close();
    return { overflow, language, ...seen };
  },
};

console.log(JSON.stringify(await SCENARIOS[scenario]()));
