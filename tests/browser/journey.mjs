// The browser journey: one person, from the welcome page to leaving, against the running product and its real models.
//
// The tests build on each other and run in order; `npm test` here, or `cargo xtask test` for everything around it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ANSWER_LIMIT_MS, answerAfterHours, endOfAnswer, look, openProduct, part, refuseWords } from "./support.mjs";

const NAME = "Robin";
const QUERY = "People in my class keep posting mean comments under my photos and I cannot stop reading them.";
const MESSAGE = "What can I do when someone writes something mean under my picture?";
const LONG_MESSAGE = "Please tell me in many sentences how I could spend an evening without my phone.";
const CRISIS_MESSAGE = "I want to kill myself.";
const PLAN = "I stop answering my friends.";
// Twelve words with a right checksum that nobody has.
const FOREIGN_WORDS = `${"abandon ".repeat(11)}about`;
const MOST_STEPS = 20;
const DAY_MS = 24 * 60 * 60 * 1000;

let product;
let page;
let recoveryWords = [];
let failed = false;

/** A step of the journey; once one failed, the later ones have nothing to stand on. */
function step(name, work) {
  test(name, async (context) => {
    if (failed) {
      context.skip("an earlier step failed");
      return;
    }
    failed = true;
    await work();
    failed = false;
  });
}

before(async () => {
  product = await openProduct();
  page = product.page;
});

after(async () => {
  await product?.browser.close();
});

step("the welcome page is readable and names its limits", async () => {
  await page.goto("/");
  await part(page, "start").waitFor();
  assert.match(await page.locator("main").innerText(), /I am an AI/);
  await look(page, "welcome");
});

step("the theme changes with one tap and comes back with another", async () => {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const first = await background();
  await part(page, "theme-toggle").click();
  await page.waitForFunction((old) => getComputedStyle(document.body).backgroundColor !== old, first);
  await part(page, "theme-toggle").click();
  await page.waitForFunction((old) => getComputedStyle(document.body).backgroundColor === old, first);
});

step("a page without a choice follows the system while it is open", async () => {
  const pressed = () => part(page, "theme-toggle").getAttribute("aria-pressed");
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  await part(page, "start").waitFor();
  assert.equal(await pressed(), "false");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator('[data-testid="theme-toggle"][aria-pressed="true"]').waitFor();
  await page.emulateMedia({ colorScheme: "light" });
  await page.locator('[data-testid="theme-toggle"][aria-pressed="false"]').waitFor();
});

step("helplines are one tap away", async () => {
  await part(page, "helplines").click();
  const dialog = part(page, "help-dialog");
  await dialog.locator("a").first().waitFor();
  await look(page, "helplines");
  await part(page, "help-close").click();
  await dialog.waitFor({ state: "hidden" });
});

step("a person who leaves the form open is told what is missing", async () => {
  await part(page, "start").click();
  await page.locator(".field__error", { hasText: /\S/ }).first().waitFor();
  await look(page, "welcome-incomplete");
});

step("name, age, country and consent lead to the questionnaire", async () => {
  await part(page, "name").fill(NAME);
  await part(page, "age").fill("17");
  await part(page, "country").selectOption({ index: 1 });
  await part(page, "consent-keep").check();
  assert.equal(await part(page, "keep-days").inputValue(), "7", "minors are offered a week");
  await part(page, "consent").check();
  await look(page, "welcome-keep");
  await part(page, "start").click();
  await part(page, "next").waitFor();
  await look(page, "questionnaire");
});

step("the questionnaire goes forth and back and keeps its answers", async () => {
  await answerAll();
  await next();
  await part(page, "back").click();
  const groups = await page.locator("fieldset").count();
  const answered = await page.locator("fieldset:has(input:checked)").count();
  assert.equal(answered, groups);
  for (let count = 0; !page.url().endsWith("/question"); count += 1) {
    assert.ok(count < MOST_STEPS, "the questionnaire does not end");
    await answerAll();
    const heading = await page.locator("h2").first().innerText();
    await next();
    await page.waitForFunction(
      (old) => location.pathname === "/question" || document.querySelector("h2")?.innerText !== old,
      heading,
    );
  }
});

step("a question in the person's own words leads to the result", async () => {
  await part(page, "query").fill(QUERY);
  await look(page, "question");
  await part(page, "generate").click();
  await part(page, "headline").waitFor({ timeout: ANSWER_LIMIT_MS });
  assert.match(await part(page, "headline").innerText(), /^Problem diagnosed: /);
  await part(page, "severity").waitFor();
  await part(page, "to-chat").waitFor({ timeout: ANSWER_LIMIT_MS });
  assert.ok((await part(page, "delta").innerText()).trim().length > 0, "the model wrote nothing");
  await look(page, "result");
});

step("an answer is streamed to its end and can be copied", async () => {
  await part(page, "to-chat").click();
  await part(page, "message-input").waitFor();
  await look(page, "chat-empty");
  await part(page, "message-input").fill(MESSAGE);
  await part(page, "send").click();
  assert.ok((await endOfAnswer(page, 1)).length > 0);
  await part(page, "copy").last().click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(copied.trim().length > 0, "nothing was copied");
  await look(page, "chat");
});

step("another answer can be asked for", async () => {
  await part(page, "regenerate").click();
  await part(page, "stop").waitFor();
  assert.ok((await endOfAnswer(page, 1)).length > 0);
});

step("stop ends an answer at once", async () => {
  await part(page, "message-input").fill(LONG_MESSAGE);
  await part(page, "send").click();
  await part(page, "stop").click();
  await part(page, "send").waitFor({ timeout: 2_000 });
});

step("after a long time a break is offered, and the focus stays where it is", async () => {
  await page.route("**/api/v1/chat", answerAfterHours);
  await part(page, "message-input").fill(MESSAGE);
  await part(page, "message-input").press("Enter");
  await part(page, "take-a-break").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "message");
  await look(page, "chat-break");
  await part(page, "break-dismiss").click();
  await part(page, "take-a-break").waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.activeElement?.id === "message");
  await page.unroute("**/api/v1/chat");
});

step("a crisis is answered with the card and its helplines", async () => {
  await part(page, "message-input").fill(CRISIS_MESSAGE);
  await part(page, "send").click();
  const card = part(page, "crisis-card");
  await card.waitFor();
  assert.ok((await card.locator("a").count()) > 0, "the card names nobody to reach");
  await look(page, "crisis");
});

step("a safety plan is written in one's own words and is still there after a reload", async () => {
  await part(page, "to-plan").click();
  await page.waitForURL("**/plan");
  const signs = part(page, "plan-signs");
  await signs.fill(PLAN);
  await page.getByText("Saving…").waitFor();
  await page.getByText("Your answers are saved as you go.").waitFor();
  await look(page, "plan");
  await page.reload();
  await signs.waitFor();
  assert.equal(await signs.inputValue(), PLAN);
});

step("the insights page shows its sources", async () => {
  await page.getByRole("link", { name: "Insights" }).click();
  await page.waitForURL("**/insights");
  await page.locator("main a[href^=http]").first().waitFor();
  await look(page, "insights");
});

step("what the companion learned from is shown in charts", async () => {
  await page.getByRole("link", { name: "What the companion learned from" }).click();
  await page.waitForURL("**/insights/data");
  await part(page, "scatter").waitFor();
  assert.ok((await part(page, "chart").count()) > 3, "there are too few charts");
  await look(page, "training-data");
});

step("the page about one's data says until when it is kept and gives copies", async () => {
  await part(page, "to-data").click();
  await part(page, "kept").waitFor();
  const end = Date.parse(await part(page, "date").getAttribute("datetime"));
  const days = (end - Date.now()) / DAY_MS;
  assert.ok(days > 6.9 && days < 7.1, `kept for ${days} days instead of a week`);
  await look(page, "data");
  for (const name of ["export-md", "export-json"]) {
    const copy = await page.request.get(await part(page, name).getAttribute("href"));
    assert.equal(copy.status(), 200, name);
    assert.ok((await copy.text()).includes(PLAN), `${name} lacks the safety plan`);
  }
  const opened = page.context().waitForEvent("page");
  await part(page, "export-page").click();
  const paper = await opened;
  await paper.getByText(PLAN).waitFor();
  await look(paper, "data-print");
  await paper.close();
});

step("recovery words are shown once", async () => {
  await part(page, "make-words").click();
  const words = part(page, "recovery-words").locator("li");
  await words.first().waitFor();
  recoveryWords = await words.allInnerTexts();
  assert.equal(recoveryWords.length, 12);
  await page.waitForFunction(() => document.activeElement?.id === "words-title");
  await part(page, "copy-words").click();
  await page.getByText("Copied.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), recoveryWords.join(" "));
  await look(page, "data-words");
  await page.getByRole("link", { name: "Insights" }).click();
  await page.waitForURL("**/insights");
  await page.goBack();
  await part(page, "words-made").waitFor();
  assert.equal(await words.count(), 0, "the words are still there");
  const left = await page.evaluate(() => JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }]));
  assert.ok(!left.includes(recoveryWords.slice(0, 3).join(" ")), "the browser kept the words");
});

step("recovery words open the data in a browser without the cookie", async () => {
  await page.context().clearCookies();
  await page.goto("/");
  await part(page, "to-recover").click();
  await refuseWords(page, recoveryWords.slice(1).join(" "), "11 words");
  await look(page, "recover");
  await refuseWords(page, FOREIGN_WORDS, "open nothing");
  await part(page, "recovery-phrase").fill(recoveryWords.map((word, index) => `${index + 1}. ${word}`).join("\n"));
  await part(page, "recover").click();
  await page.waitForURL("**/chat");
  await page.locator(".bubble--person").first().waitFor();
});

step("leaving ends on a page that says nothing, and the session is gone", async () => {
  await part(page, "leave").click();
  await part(page, "left").waitFor();
  await look(page, "left");
  await page.goto("/chat");
  await part(page, "start").waitFor();
});

step("after leaving, the recovery words open nothing", async () => {
  await page.goto("/recover");
  await refuseWords(page, recoveryWords.join(" "), "open nothing");
});

step("every request stayed here and started a trace, and nothing went wrong in the console", async () => {
  // The welcome page asks who is here; without a session the answer is a 401 or 404 and the console notes it. So it
  // does when recovery words open nothing.
  const expected = /the server responded with a status of 40[14].*\/api\/v1\/sessions\/(me|recover)\)/i;
  assert.deepEqual(product.seen.foreign, []);
  assert.deepEqual(product.seen.untraced, []);
  assert.deepEqual(
    product.seen.errors.filter((line) => !expected.test(line)),
    [],
  );
});

/** Taps the first option of every question that has no answer. */
async function answerAll() {
  const open = page.locator("fieldset:not(:has(input:checked))");
  while ((await open.count()) > 0) {
    await open.first().locator("input").first().check({ force: true });
  }
}

/** Goes on; the last step lets nobody go on while answers are still being saved. */
async function next() {
  await page.locator('[data-testid="next"]:not([aria-disabled])').click();
}
