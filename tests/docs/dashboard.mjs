// The dashboard in a real browser: its figures move with the requests, it asks nobody but the service,
// and everybody can read and use it: in light and dark, on a telephone's screen and a wide one, by
// keyboard.
//
//   node dashboard.mjs ADMIN_URL URL [PICTURE]     PICTURE is docs/dashboard.png, before its colours
//                                                  are reduced to 128. The service has two workers, and
//                                                  follows somebody who writes meanwhile
import assert from "node:assert/strict";
import {chromium} from "playwright-core";
import {between, bytes, percentile, withUnit} from "../../src/admin/figures.mjs";
import {violationsOf} from "./axe.mjs";
import {faultsOf} from "./readable.mjs";

const [admin, url, picture] = process.argv.slice(2);

function expectFigures() {
  const bounds = [100, 200, 400];  // µs
  assert.equal(percentile(0.5, bounds, [0, 0, 0, 0]), null);
  assert.equal(percentile(0.5, bounds, [0, 10, 0, 0]), 0.15);
  assert.equal(percentile(0.99, bounds, [50, 0, 50, 0]), 0.396);
  assert.equal(percentile(0.99, bounds, [0, 0, 0, 3]), 0.4, "beyond the last bound nothing is known");
  assert.equal(withUnit(null, "%"), "–");
  assert.equal(withUnit(1234.5, "/s"), "1,235\u00a0/s");
  assert.equal(bytes(65536), "64\u00a0KiB");
  const event = (at, n) => ({
    at_us: at * 1e6, requests: {answered: 10 * n, refused: 0, failed: n}, loads: n, load_us: 3000 * n,
    reads: {local: 6 * n, shared: 3 * n, missed: n}, latency: {bounds_us: bounds, requests: [n, 0, 0, 0]},
    invalidations: {local_entries: 0, writes: 0, followed_keys: 0}, health: {follower: {late_ms: null}},
    workers: [{requests: 10 * n}],
  });
  const {local, hits, requests, failed, load, workers} = between(event(5, 1), event(7, 5));
  assert.deepEqual([local, hits, requests, failed, load, workers], [60, 90, 20, 2, 3, [20]]);
  assert.equal(between(event(5, 1), event(6, 1)).hits, null);
}

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  // Nobody else can be reached, and Chromium's sandbox is not for root.
  args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
         ...(process.getuid() === 0 ? ["--no-sandbox"] : [])],
});
const every = ["minor", "moderate", "serious", "critical"];

// With what the browser complained about, or asked elsewhere.
async function open(prepare = () => {}) {
  const page = await browser.newPage({viewport: {width: 1280, height: 900}});
  const wrong = [];
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && wrong.push(m.text()));
  page.on("pageerror", (e) => wrong.push(String(e)));
  page.on("request", (r) => {
    if (!r.url().startsWith(`${admin}/`) && !r.url().startsWith("data:")) wrong.push(r.url());
  });
  page.on("response", (r) => r.status() >= 400 && wrong.push(`${r.status()} ${r.url()}`));
  await prepare(page);
  await page.goto(`${admin}/dashboard`);
  await page.waitForFunction(() => document.querySelectorAll("#workers li").length > 0);
  return {page, wrong};
}

// For one customer more often than for others, and now and then a write.
async function ask(isEnough) {
  const write = {method: "POST", headers: {"content-type": "application/json"},
                 body: '{"orderdate":"2023-03-10","customerid":9999,"netamount":23.0,"tax":2.0}'};
  for (let i = 0; !isEnough(); ++i) {
    await fetch(`${url}/count?customerid=${i % 3 ? 9999 : 1 + i % 40}`).then((r) => r.text());
    if (i % 50 === 0) await fetch(`${url}/add/`, write);
  }
}

const shown = (page, id, row = 0) =>
  page.locator(`#${id} tbody tr`).nth(row).locator("td").first().innerText();

// Each row of the table has been above zero: its last figure is the highest.
const moves = (page, id) => page.waitForFunction((of) => {
  const rows = [...document.querySelectorAll(`#${of} tbody tr`)];
  return rows.length > 0 && rows.every((row) => parseFloat(row.lastElementChild.textContent) > 0);
}, id);

// What stands there of each.
async function expectWorkers(page, number) {
  const workers = await page.locator("#workers li").evaluateAll((all) => all.map((one) => ({
    name: one.querySelector("h3").textContent,
    facts: Object.fromEntries([...one.querySelectorAll("dl > div")].map((fact) =>
      [fact.querySelector("dt").textContent, fact.querySelector("dd").textContent])),
  })));
  assert.deepEqual(workers.map((one) => one.name), Array.from({length: number}, (_, i) => `Worker ${i}`));
  for (const {name, facts} of workers) {
    assert.equal(facts.Valkey, "trusted", name);
    assert.match(facts.PostgreSQL, /^\d+ in use, \d+ wait$/, name);
    for (const figure of ["Requests", "In flight", "Connections", "Local entries", "Local tier"])
      assert.match(facts[figure], /^\d/, `${name}: ${figure}`);
  }
}

// Sooner or later: a worker that was late has dropped them.
const someWorkerHasEntries = (page) => page.waitForFunction(() =>
  [...document.querySelectorAll("#workers dl > div")].some((fact) =>
    fact.querySelector("dt").textContent === "Local entries" &&
    parseFloat(fact.querySelector("dd").textContent) > 0));

async function expectNoFaults(page) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({colorScheme});
    for (const width of [390, 1280]) {
      await page.setViewportSize({width, height: 900});
      assert.deepEqual(await faultsOf(page), [], `${colorScheme}, ${width} px`);
      assert.deepEqual(await violationsOf(page, every), [], `${colorScheme}, ${width} px`);
    }
  }
  await page.emulateMedia({colorScheme: "light"});
}

async function expectTheKeyboardToDo(page) {
  const focused = () => page.evaluate(() => document.activeElement.id);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "pause");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "moment");
  await page.keyboard.press("ArrowLeft");
  assert.match(await page.locator("#when").innerText(), /^\d+ s ago$/);
  assert.match(await page.locator("#moment").getAttribute("aria-valuetext"), /ago$/);
  assert.match(await page.locator("#requests thead th").nth(1).innerText(), /ago$/);
  await page.keyboard.press("End");
  assert.equal(await page.locator("#when").innerText(), "now");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Space");
  assert.equal(await page.locator("#pause").getAttribute("aria-pressed"), "true");
  await page.keyboard.press("Space");
}

async function expectTheMouseToDo(page) {
  await page.locator("#requests .plot").hover({position: {x: 90, y: 60}});
  assert.match(await page.locator("#when").innerText(), /^\d+ s ago$/);
  assert.match(await page.locator("#reads thead th").nth(1).innerText(), /ago$/);
  await page.locator("h1").hover();
  assert.equal(await page.locator("#when").innerText(), "now");
}

// What is no script is none, whatever a key is.
async function expectKeysToBeTexts() {
  const key = 'books:<img src=x onerror="document.title=1"><b>';
  const event = await new Promise((resolve) => {
    fetch(`${admin}/dashboard/events`).then(async (r) => {
      let text = "";
      for await (const part of r.body) {
        text += new TextDecoder().decode(part);
        const data = /^data: (.*)\n\n/m.exec(text);
        if (data) return resolve(JSON.parse(data[1]));
      }
    });
  });
  event.hot_keys = [{key, millionths: 5e5}];
  event.service = "<i>orders</i>";
  const {page, wrong} = await open((one) => one.route("**/dashboard/events", (route) => route.fulfill({
    contentType: "text/event-stream", body: `retry: 600000\ndata: ${JSON.stringify(event)}\n\n`})));
  assert.equal(await page.locator("#keys td").first().innerText(), key);
  assert.equal(await page.locator("#keys img, #keys b, h1 i").count(), 0);
  assert.deepEqual(wrong, []);
  await page.close();
}

try {
  expectFigures();
  const {page, wrong} = await open();
  let isEnough = false;
  const asked = ask(() => isEnough);
  await page.waitForFunction(() => document.querySelector("#hottest td").textContent === "num_orders:9999");
  assert.match(await page.locator("#summary").innerText(), /Hit rate\s+\d/);
  assert.match(await shown(page, "reads"), /^\d/);
  assert.match(await shown(page, "requests"), /^[1-9]/);
  assert.match(await shown(page, "latency"), /^[\d.]+$/);
  await moves(page, "invalidations");
  assert.match(await shown(page, "follower"), /^\d/);
  assert.equal(await page.locator("#follower .note").innerText(), "This process follows the writes of others.");
  await expectWorkers(page, 2);
  await someWorkerHasEntries(page);
  if (picture) {
    await page.waitForTimeout(120_000);
    await page.screenshot({path: picture, fullPage: true});
  }
  isEnough = true;
  await asked;
  assert.equal(await page.locator("#status").innerText(), "The service is ready.");
  await expectNoFaults(page);
  await expectTheKeyboardToDo(page);
  await expectTheMouseToDo(page);
  assert.deepEqual(wrong, []);
  await page.close();
  await expectKeysToBeTexts();
} finally {
  await browser.close();
}
process.exit();  // a stream of events may still be open
