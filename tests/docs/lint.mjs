// The rules that others recommend for OpenAPI documents: Redocly's and Spectral's.
//
//   node lint.mjs URL
import assert from "node:assert/strict";
import {spawnSync} from "node:child_process";
import {mkdirSync, writeFileSync} from "node:fs";
import {createConfig, lintFromString} from "@redocly/openapi-core";
import {tool} from "./tool.mjs";

const [url] = process.argv.slice(2);
const folder = new URL("generated/", import.meta.url).pathname;
mkdirSync(folder, {recursive: true});

const config = await createConfig({
  extends: ["recommended-strict"],
  rules: {
    "no-path-trailing-slash": "off", // the tutorial's path is /add/
    "tag-description": "off", // the one tag is the service
    "info-license": "off", // a service has no licence, its program has
  },
});
async function redocly(source) {
  const problems = await lintFromString({source, absoluteRef: "openapi.json", config});
  return problems.map((p) => `${p.ruleId}: ${p.message} ${p.location[0]?.pointer}`);
}

function spectral(source) {
  writeFileSync(`${folder}linted.json`, source);
  const ended = spawnSync(
    process.execPath,
    [tool("@stoplight/spectral-cli", "spectral"), "lint", `${folder}linted.json`, "--quiet",
     "--ruleset", new URL("spectral.yaml", import.meta.url).pathname,
     "--fail-severity", "hint", "--format", "json"],
    {encoding: "utf8"});
  return JSON.parse(ended.stdout).map((p) => `${p.code}: ${p.message} ${p.path.join("/")}`);
}

const source = await (await fetch(`${url}/openapi.json`)).text();
const wrong = source.replace(/"operationId":"[^"]*",/, "").replace('"type":"integer"', '"type":"int"');
for (const lint of [redocly, spectral]) {
  assert.notDeepEqual(await lint(wrong), [], `${lint.name} takes anything`);
  assert.deepEqual(await lint(source), []);
}
