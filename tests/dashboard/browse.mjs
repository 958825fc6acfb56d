// Opens the pages of the dashboard in headless Chromium at three widths, light and dark, and reports what a reader would stumble
// over: errors in the console, pages wider than the screen, findings of axe-core, a page that does not keep itself up to date.
//
//   node browse.mjs ADDRESS TOKEN PATHS [--axe FILE] [--to FOLDER]
//
// PATHS are separated by commas. --to writes a picture of each page. Findings go to standard output, one a line; the exit code is
// 1 if there are any. Chromium is talked to by its pipe, so that nothing has to be installed.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [address, token, paths, ...options] = process.argv.slice(2);
const option = (name) => (options.includes(name) ? options[options.indexOf(name) + 1] : null);
const axe = option("--axe") ? readFileSync(option("--axe"), "utf8") : null;
const to = option("--to");
const site = `http://${address}`;
const findings = [];
const find = (where, what) => findings.push(`${where}: ${what}`);

const home = mkdtempSync(join(tmpdir(), "wmshost-browse-"));
const flags = ["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
  "--disable-background-networking", "--disable-component-update", `--user-data-dir=${home}`];
const browser = spawn("chromium", flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const [orders, replies] = [browser.stdio[3], browser.stdio[4]];

let last = 0;
const waiting = new Map();
const listeners = new Map();
let rest = "";
replies.setEncoding("utf8").on("data", (part) => {
  const messages = (rest + part).split("\0");
  rest = messages.pop();
  for (const message of messages.map((text) => JSON.parse(text))) {
    if (message.id) {
      const { resolve, reject } = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) reject(new Error(message.error.message)); else resolve(message.result);
    } else {
      for (const listener of listeners.get(message.method) ?? []) listener(message.params);
    }
  }
});

let session;
function send(method, params = {}) {
  const id = ++last;
  orders.write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`);
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}
const on = (event, listener) => listeners.set(event, [...(listeners.get(event) ?? []), listener]);
const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));

async function evaluate(expression) {
  const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

/** Does what leads to a page, and waits until that page is loaded. */
async function load(leads) {
  const loaded = new Promise((resolve) => listeners.set("Page.loadEventFired", [resolve]));
  await leads();
  await loaded;
}

const screen = (width) => send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: width < 500 });

let place = "";
async function look(path, width, scheme) {
  place = `${path} at ${width} px, ${scheme}`;
  await load(() => send("Page.navigate", { url: site + path }));
  const wide = await evaluate("document.documentElement.scrollWidth");
  if (wide > width) find(place, `the page is ${wide} px wide`);
  if ((await evaluate("document.querySelectorAll('main h1').length")) !== 1) find(place, "there is not one heading");
  if (axe) {
    await evaluate(`${axe}; 0`);
    const violations = await evaluate("axe.run().then((found) => found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).slice(0, 2).join(' ')}`))");
    for (const violation of violations) find(place, violation);
  }
  if (to) {
    const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: true });
    writeFileSync(join(to, `${path.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "") || "first"}-${width}-${scheme}.png`), data, "base64");
  }
}

async function browse() {
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  session = (await send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);
  on("Runtime.exceptionThrown", ({ exceptionDetails }) => find(place, exceptionDetails.exception?.description ?? exceptionDetails.text));
  on("Runtime.consoleAPICalled", ({ type, args }) => type === "error" && find(place, args.map((one) => one.value).join(" ")));
  on("Log.entryAdded", ({ entry }) => entry.level === "error" && find(place, `${entry.text} ${entry.url ?? ""}`));
  await screen(380);
  await look("/sign-in", 380, "light");
  await load(() => evaluate(`document.getElementById("token").value = ${JSON.stringify(token)}; document.querySelector("form").requestSubmit()`));
  if ((await evaluate("location.pathname")) !== "/") find("/sign-in", "it does not lead to the first page");
  for (const scheme of ["light", "dark"]) {
    await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    for (const width of [380, 800, 1280]) {
      await screen(width);
      for (const path of paths.split(",")) await look(path, width, scheme);
    }
  }
  place = "the first page";
  await load(() => send("Page.navigate", { url: `${site}/` }));
  for (const type of ["keyDown", "keyUp"]) await send("Input.dispatchKeyEvent", { type, key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 });
  if ((await evaluate("document.activeElement.className")) !== "skip") find(place, "the first Tab does not lead to the skip link");
  // The page hears of a run that begins and ends, and shows it without being loaded again.
  const before = await evaluate("document.querySelector('main').textContent");
  await evaluate("window.isTheSame = true");
  const csrf = await evaluate("document.querySelector('form[action$=\"/run\"] input[name=form_key]').value");
  await evaluate(`fetch("/pipelines/lab/run", { method: "POST", body: new URLSearchParams({ form_key: "${csrf}" }), redirect: "manual" }).then(() => 0)`);
  for (let tries = 0; tries < 120 && (await evaluate("document.querySelector('main').textContent")) === before; tries += 1) await sleep(250);
  if ((await evaluate("document.querySelector('main').textContent")) === before) find(place, "it does not show a run that was ordered");
  if (!(await evaluate("window.isTheSame === true"))) find(place, "it was loaded again instead of being kept up to date");
  if ((await evaluate("document.getElementById('live').textContent")) !== "live") find(place, "it does not say that it is live");
}

const limit = setTimeout(() => { find(place, "it took too long"); end(); }, 240_000);
function end() {
  clearTimeout(limit);
  browser.kill();
  for (const finding of findings) console.log(finding);
  setTimeout(() => {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    process.exit(findings.length ? 1 : 0);
  }, 300);
}
browser.on("error", (error) => { find("chromium", error.message); end(); });
browse().catch((error) => find(place, error.stack)).finally(end);
