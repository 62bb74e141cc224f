// What axe finds wrong with a page as it is shown now, of what keeps people from using it.
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// A sentence each. It comes in past the page's content-security-policy, as a debugger does.
export async function violationsOf(page, impacts = ["critical", "serious"]) {
  await page.evaluate(source);
  const {violations} = await page.evaluate(() => globalThis.axe.run());
  return violations
    .filter((one) => impacts.includes(one.impact))
    .flatMap((one) => one.nodes.map((node) => `axe, ${one.id}: ${node.html.slice(0, 100)}`));
}
