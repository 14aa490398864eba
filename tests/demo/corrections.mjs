// Scenarios of browser.mjs in which an answer is corrected, kept and exported.
import { answers, drag, exportTo, keep, middle, open, options, ready, show } from "./driver.mjs";

export const CORRECTIONS = {
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
    await keep(page, { agree: true });
    // A photo that was looked at and left as it was.
    await page.click("[data-accelerator=gpu] [data-part=correct]");
    await keep(page);
    await exportTo(page, options.zip);
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

  /** Moves a corner of a box, and exports that. */
  async stretch() {
    const { browser, page, seen } = await open();
    await ready(page);
    await show(page, options.photo);
    const [answer] = await answers(page);
    await page.click("[data-accelerator=cpu] [data-part=correct]");
    await page.focus('#editor svg [data-key="0"]');
    const corner = await middle(page, '#editor svg [data-box="0"][data-corner="2"] .knob');
    await drag(page, corner, [corner[0] + 8, corner[1] - 5]);
    if (options.screenshot) await page.screenshot({ path: options.screenshot, fullPage: true });
    await keep(page, { agree: true });
    await exportTo(page, options.zip);
    await browser.close();
    return { answer, ...seen };
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

  /** Closes the page while a consent is being withdrawn, and opens it again. */
  async halfWithdrawn() {
    const { browser, page, seen } = await open();
    await ready(page);
    await show(page, options.photo);
    await page.click("[data-accelerator=cpu] [data-part=correct]");
    await keep(page, { agree: true });
    await page.evaluate(
      () =>
        new Promise((done) => {
          indexedDB.open("decant-feedback").onsuccess = ({ target }) => {
            const change = target.result.transaction("settings", "readwrite");
            change.objectStore("settings").put(null, "consent");
            change.oncomplete = done;
          };
        }),
    );
    await page.reload();
    await ready(page);
    const rows = await page.locator("#feedback li").count();
    await browser.close();
    return { rows, ...seen };
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

  /** Gives a photo another label, and exports that. */
  async relabel() {
    const { browser, page, seen } = await open();
    await ready(page);
    await show(page, options.photo);
    const found = await page.innerText("[data-accelerator=cpu] [data-part=found]");
    await page.click("[data-accelerator=cpu] [data-part=correct]");
    await page.selectOption("#editor [data-part=label]", options.label);
    if (options.screenshot) await page.screenshot({ path: options.screenshot, fullPage: true });
    const changes = await page.innerText("#editor [data-part=changes]");
    await keep(page, { agree: true });
    await exportTo(page, options.zip);
    await browser.close();
    return { found, changes, ...seen };
  },

  /** Keeps an answer, opens it again, changes it, keeps it again; then is asked before it is lost. */
  async keepTwice() {
    const { browser, page, seen } = await open();
    await ready(page);
    await show(page, options.photo);
    const correct = "[data-accelerator=cpu] [data-part=correct]";
    await page.click(correct);
    await page.fill("#editor [data-part=remark]", "first");
    await keep(page, { agree: true });
    await page.click(correct);
    const again = {
      remark: await page.inputValue("#editor [data-part=remark]"),
      disabled: await page.isDisabled("#keep"),
      note: await page.innerText("#keepNote"),
    };
    await page.fill("#editor [data-part=remark]", "second");
    await keep(page);
    await exportTo(page, options.zip);
    const rows = await page.locator("#feedback li").count();
    const said = await page.innerText("#feedback [data-part=said]");
    // Kept as it is: nobody is asked.
    await page.click(correct);
    await show(page, options.photo);
    await page.click(correct);
    await page.fill("#editor [data-part=remark]", "third");
    const asked = [];
    page.once("dialog", (dialog) => asked.push(dialog.message()) && dialog.dismiss());
    await page.setInputFiles("#file", options.photo);
    await page.waitForTimeout(300);
    const stayed = await page.inputValue("#editor [data-part=remark]");
    page.once("dialog", (dialog) => asked.push(dialog.message()) && dialog.accept());
    await show(page, options.photo);
    const left = await page.locator("#editor").isHidden();
    await browser.close();
    return { again, rows, said, asked, stayed, left, ...seen };
  },

  /** Looks elsewhere while a photo is answered, and keeps the answer. */
  async hidden() {
    const { browser, page, seen } = await open();
    await ready(page);
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    });
    await show(page, options.photo);
    const away = await answers(page);
    await page.evaluate(() => delete document.visibilityState);
    await page.click("[data-accelerator=cpu] [data-part=correct]");
    await keep(page, { agree: true });
    await exportTo(page, options.zip);
    await show(page, options.photo);
    const back = await answers(page);
    await browser.close();
    return { away, back, ...seen };
  },
};
