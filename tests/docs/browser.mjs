// In a real browser: /docs lets a person try both operations, /redoc shows them, and neither page
// asks anybody but the service or logs an error. Both can be read and used on a telephone's screen
// and on a wide one.
//
//   node browser.mjs URL [PICTURE]     PICTURE is of /docs with an answer: docs/docs-page.png
import assert from "node:assert/strict";
import {chromium} from "playwright-core";
import {violationsOf} from "./axe.mjs";
import {faultsOf} from "./readable.mjs";

const [url, picture] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  // Nobody else can be reached, and Chromium's sandbox is not for root.
  args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
         ...(process.getuid() === 0 ? ["--no-sandbox"] : [])],
});

// Opens a page, runs `look` on it, and returns what it complained about and asked elsewhere.
async function visit(path, look) {
  const page = await browser.newPage({viewport: {width: 960, height: 1240}});
  const wrong = [];
  page.on("console", (m) => m.type() === "error" && wrong.push(m.text()));
  page.on("pageerror", (e) => wrong.push(String(e)));
  page.on("requestfailed", (r) => wrong.push(`failed: ${r.url()}`));
  page.on("request", (r) => {
    if (!r.url().startsWith(`${url}/`) && !r.url().startsWith("data:")) wrong.push(r.url());
  });
  page.on("response", (r) => r.status() >= 400 && wrong.push(`${r.status()} ${r.url()}`));
  await page.goto(url + path, {waitUntil: "networkidle"});
  await look(page);
  assert.deepEqual(wrong, [], path);
  await page.close();
}

// Executes an operation as a person does; the answer that the page shows then.
async function tryOut(page, id) {
  const operation = page.locator(`[id$="${id}"]`);
  await operation.locator(".opblock-summary-control").click();
  await operation.getByRole("button", {name: "Try it out"}).click();
  await operation.getByRole("button", {name: "Execute"}).click();
  const answer = operation.locator(".live-responses-table .response");
  await answer.waitFor();
  assert.equal(await answer.locator(".response-col_status").innerText(), "200");
  return JSON.parse(await answer.locator(".response-col_description .microlight").first().innerText());
}

// Opens everything that is still closed, without asking the service for anything.
async function openAll(page) {
  const closed = page.locator(".opblock-summary-control[aria-expanded=false]");
  while (await closed.count() > 0) await closed.first().click();
  const buttons = page.getByRole("button", {name: "Try it out"});
  while (await buttons.count() > 0) await buttons.first().click();
  await page.locator(".json-schema-2020-12-expand-deep-button").evaluateAll((all) => {
    for (const one of all) one.click();
  });
}

// On a telephone's screen and on a wide one.
async function expectNoFaults(page, what) {
  const {width, height} = page.viewportSize();
  for (const other of [390, 1280]) {
    await page.setViewportSize({width: other, height});
    assert.deepEqual(await faultsOf(page), [], `${what}, ${other} px`);
    assert.deepEqual(await violationsOf(page), [], `${what}, ${other} px`);
  }
  await page.setViewportSize({width, height});
}

// Whoever finds no fault has to be shown some.
async function expectFaultsToBeFound() {
  const page = await browser.newPage({viewport: {width: 390, height: 600}});
  await page.setContent('<body style="background:#fff"><select><option>a</select><textarea></textarea>' +
    '<button>b<a href="#">c</a></button><p style="color:#888">pale</p><p style="color:#767676">e</p>' +
    '<p style="color:rgba(0,0,0,.5)">f</p><div style="width:400px">g</div>');
  const kinds = (await faultsOf(page)).map((fault) => fault.replace(/[:\d].*/, "").trim());
  assert.deepEqual(kinds, ["without a name", "without a name", "the page is", "the page has no title",
                           "the page has no language", "inside a control", "contrast", "contrast"]);
  const axe = (await violationsOf(page)).map((one) => one.replace(/:.*/s, ""));
  for (const id of ["color-contrast", "document-title", "html-has-lang", "label", "select-name"])
    assert.ok(axe.includes(`axe, ${id}`), `axe does not find ${id}: ${axe}`);
  await page.close();
}

try {
  await expectFaultsToBeFound();
  await visit("/docs", async (page) => {
    await page.getByRole("heading", {name: "Schemas"}).waitFor();  // comes last
    assert.equal(await page.getByText("Servers").isVisible(), false, "there is only one");
    await expectNoFaults(page, "/docs");
    const before = await tryOut(page, "get_count");
    assert.equal(typeof before.count, "number");
    if (picture) await page.screenshot({path: picture});
    assert.deepEqual(await tryOut(page, "post_add"), {updated: {customer: 9999}});
    await openAll(page);
    await expectNoFaults(page, "/docs, all opened and tried");
  });
  await visit("/redoc", async (page) => {
    await page.getByRole("heading", {name: "Count orders"}).waitFor();
    await page.getByRole("heading", {name: "Add an order"}).waitFor();
    await expectNoFaults(page, "/redoc");
  });
} finally {
  await browser.close();
}
