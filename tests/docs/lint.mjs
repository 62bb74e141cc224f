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
// Each says what it has against each of the documents.
async function redocly(sources) {
  return Promise.all(sources.map(async (source) => {
    const problems = await lintFromString({source, absoluteRef: "openapi.json", config});
    return problems.map((p) => `${p.ruleId}: ${p.message} ${p.location[0]?.pointer}`);
  }));
}

// In one process, as its start takes longer than all else.
function spectral(sources) {
  const files = sources.map((source, i) => {
    writeFileSync(`${folder}linted${i}.json`, source);
    return `${folder}linted${i}.json`;
  });
  const ended = spawnSync(
    process.execPath,
    [tool("@stoplight/spectral-cli", "spectral"), "lint", ...files, "--quiet",
     "--ruleset", new URL("spectral.yaml", import.meta.url).pathname,
     "--fail-severity", "hint", "--format", "json"],
    {encoding: "utf8"});
  const problems = JSON.parse(ended.stdout);
  return files.map((file) => problems.filter((p) => p.source === file)
    .map((p) => `${p.code}: ${p.message} ${p.path.join("/")}`));
}

const source = await (await fetch(`${url}/openapi.json`)).text();
const wrong = source.replace(/"operationId":"[^"]*",/, "").replace('"type":"integer"', '"type":"int"');
for (const lint of [redocly, spectral]) {
  const [ofWrong, ofSource] = await lint([wrong, source]);
  assert.notDeepEqual(ofWrong, [], `${lint.name} takes anything`);
  assert.deepEqual(ofSource, []);
}
