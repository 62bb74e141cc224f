// In a real browser: /docs lets a person try both operations, /redoc shows them, and neither page
// asks anybody but the service or logs an error.
//
//   node browser.mjs URL [PICTURE]     PICTURE is of /docs with an answer: docs/docs-page.png
import assert from "node:assert/strict";
import {chromium} from "playwright-core";

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

try {
  await visit("/docs", async (page) => {
    const before = await tryOut(page, "get_count");
    assert.equal(typeof before.count, "number");
    if (picture) await page.screenshot({path: picture});
    assert.deepEqual(await tryOut(page, "post_add"), {updated: {customer: 9999}});
  });
  await visit("/redoc", async (page) => {
    await page.getByRole("heading", {name: "Count orders"}).waitFor();
    await page.getByRole("heading", {name: "Add an order"}).waitFor();
  });
} finally {
  await browser.close();
}
