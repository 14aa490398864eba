// Drives the page in headless Chromium: one scenario a run, its result as JSON.
import { CORRECTIONS } from "./corrections.mjs";
import { answers, middle, open, options, ready, show } from "./driver.mjs";

const SCENARIOS = {
  ...CORRECTIONS,

  /** Answers photos. */
  async answer() {
    const { browser, page, seen } = await open();
    await ready(page);
    const found = [];
    for (const photo of options.photos) {
      await show(page, photo);
      found.push(await answers(page));
    }
    const said = await page.innerText("#comparison");
    const kept = await page.innerText("#feedback [data-part=count]");
    if (options.screenshot) await page.screenshot({ path: options.screenshot, fullPage: true });
    const least = await page.inputValue("#threshold");
    const isolated = await page.evaluate(() => crossOriginIsolated);
    await browser.close();
    return { found, said, kept, least, isolated, ...seen };
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
    const small = await page.evaluate((least) => {
      const controls = [...document.querySelectorAll("button, select, summary, input, label")];
      const boxes = controls
        // The box of a check box is its label's.
        .filter((each) => each.type !== "checkbox" && !each.matches(".tools label, dialog *"))
        .map((each) => [each.outerHTML.slice(0, 80), each.getBoundingClientRect().height]);
      return boxes.filter(([, height]) => height > 0 && height < least);
    }, 40);
    await browser.close();
    return { overflow, language, small, ...seen };
  },
};

console.log(JSON.stringify(await SCENARIOS[process.argv[2]]()));
