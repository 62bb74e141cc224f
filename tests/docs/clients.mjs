// Clients that others' generators make of the document compile under `tsc --strict`, and talk to
// the service.
//
//   node clients.mjs URL [PROGRAM]     by default, of clients.ts
import assert from "node:assert/strict";
import {spawnSync} from "node:child_process";
import {mkdirSync, writeFileSync} from "node:fs";
import {tool} from "./tool.mjs";

const [url, program = "clients"] = process.argv.slice(2);

function run(script, ...args) {
  const ended = spawnSync(process.execPath, [script, ...args], {encoding: "utf8"});
  assert.equal(ended.status, 0, `${script} ${args}\n${ended.stdout}${ended.stderr}`);
}

const folder = new URL("generated/", import.meta.url).pathname;
mkdirSync(folder, {recursive: true});
const document = `${folder}openapi.json`;
writeFileSync(document, await (await fetch(`${url}/openapi.json`)).text());

run(tool("openapi-typescript", "openapi-typescript"), document, "-o",
    `${folder}openapi-typescript.ts`);
run(tool("oazapfts", "oazapfts"), document, `${folder}oazapfts.ts`);
const config = `${folder}tsconfig.json`;
writeFileSync(config, JSON.stringify({
  extends: "../tsconfig.json",
  compilerOptions: {rootDir: "..", outDir: "js"},
  files: [`../${program}.ts`],
}));
run(tool("typescript", "tsc"), "-p", config);
run(`${folder}js/${program}.js`, url);
