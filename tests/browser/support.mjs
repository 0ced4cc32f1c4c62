// What the journey's tests share: one browser, one page, its watchers, screenshots and the accessibility check.
//
// In: BASE_URL (the running product), CHROMIUM (the browser's program), ARTEFACTS (folder for the screenshots).

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const BASE_URL = process.env.BASE_URL ?? "http://127.0.0.1:8080";
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ARTEFACTS = process.env.ARTEFACTS ?? "artefacts";
const WIDTHS = [360, 768, 1280];
const THEMES = ["light", "dark"];
const HEIGHT = 900;
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/;

/** A model on a busy machine needs a while for its first token. */
export const ANSWER_LIMIT_MS = 120_000;
const STEP_LIMIT_MS = 20_000;

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Opens a browser with one empty page and starts to watch it. */
export async function openProduct() {
  mkdirSync(ARTEFACTS, { recursive: true });
  // Chromium's own sandbox needs rights that root in a container does not have.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args });
  const context = await browser.newContext({
    baseURL: BASE_URL,
    colorScheme: "light",
    locale: "en-IE",
    reducedMotion: "reduce",
    viewport: { width: 1280, height: HEIGHT },
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: BASE_URL });
  context.setDefaultTimeout(STEP_LIMIT_MS);
  const page = await context.newPage();
  return { browser, context, page, seen: watch(context, page) };
}

/** Collects requests that leave the product's own origin or start no trace, and what the console calls an error. */
function watch(context, page) {
  const seen = { foreign: [], untraced: [], errors: [] };
  const own = new URL(BASE_URL).origin;
  context.on("request", (request) => {
    const url = request.url();
    const local = url.startsWith("data:") || url.startsWith("blob:");
    if (!local && new URL(url).origin !== own) seen.foreign.push(url);
    const isCall = request.resourceType() === "fetch" && url.includes("/api/v1/");
    if (isCall && !TRACEPARENT.test(request.headers().traceparent ?? "")) seen.untraced.push(url);
  });
  page.on("console", (message) => {
    if (message.type() === "error") seen.errors.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  return seen;
}

/** The element with this data-testid. */
export function part(page, name) {
  return page.locator(`[data-testid="${name}"]`);
}

/** Screenshots of the page at every width in both themes; each is checked for accessibility and for width. */
export async function look(page, name) {
  const before = await page.evaluate(() => document.documentElement.dataset.theme ?? null);
  // From the top, or the header that stays would lie across the middle of the picture.
  await page.evaluate(() => window.scrollTo(0, 0));
  for (const theme of THEMES) {
    await show(page, theme);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT });
      await settle(page);
      await page.screenshot({ path: join(ARTEFACTS, `${name}-${width}-${theme}.png`), fullPage: true });
      await assertFits(page, `${name} at ${width} px`);
      await assertAccessible(page, `${name} at ${width} px, ${theme}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.evaluate((theme) => {
    if (theme === null) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, before);
  await settle(page);
}

/** The theme as the system asks for it, and as a person who chose it on the page would have it. */
async function show(page, theme) {
  await page.emulateMedia({ colorScheme: theme });
  await page.evaluate((theme) => {
    if (document.documentElement.dataset.theme !== undefined) document.documentElement.dataset.theme = theme;
  }, theme);
}

/** Waits until the page has drawn what it has, with its fonts. */
async function settle(page) {
  await page.evaluate(async () => {
    await document.fonts.ready;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  });
}

/** Nothing may stick out to the right: a phone would scroll sideways. */
async function assertFits(page, where) {
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(excess <= 0, `${where}: the page is ${excess} px too wide`);
}

/** Zero violations of WCAG 2.2 A and AA and of axe's best practices. */
async function assertAccessible(page, where) {
  // As an expression, not as a script element: the page's content security policy stays in force.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const lines = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help} at ${target.join(" ")}\n    ${failureSummary}`),
  );
  assert.deepEqual(lines, [], where);
}

/** Waits until the newest answer has ended; returns its text. */
export async function endOfAnswer(page, answers) {
  const newest = part(page, "delta").nth(answers - 1);
  await newest.waitFor({ timeout: ANSWER_LIMIT_MS });
  await part(page, "send").waitFor({ timeout: ANSWER_LIMIT_MS });
  return (await newest.innerText()).trim();
}

/** Answers a message as the server does after three hours, which no test waits for; for `page.route`. */
export async function answerAfterHours(route) {
  if (route.request().method() !== "POST") return route.fallback();
  const events = {
    meta: { turn_id: "long", variant_id: "long", model: "none", prompt_hash: "", queued_ms: 0 },
    guard: { route: "answer", reasons: [] },
    delta: { text: "Tell me more about it." },
    done: {
      finish: "stop",
      usage: { prompt_tokens: 1, completion_tokens: 1 },
      ttft_ms: 1,
      total_ms: 1,
      take_a_break: true,
    },
  };
  const lines = Object.entries(events).map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  return route.fulfill({ contentType: "text/event-stream", body: lines.join("") });
}

/** Tries recovery words that are refused, with this said at the field. */
export async function refuseWords(page, words, refusal) {
  await part(page, "recovery-phrase").fill(words);
  await part(page, "recover").click();
  await part(page, "recovery-error").getByText(refusal).waitFor();
  await page.waitForFunction(() => document.activeElement?.id === "recovery-phrase");
}
