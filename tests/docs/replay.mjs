// What the integration tests asked and were answered passes through Prism, once more: the tests
// keep it (tests/support/exchanges.hpp), and here a server that gives those answers is behind it.
//
//   node replay.mjs ORDERS FOLDER     the program, whose document it is, and where exchanges are
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {readFileSync, readdirSync} from "node:fs";
import {createServer} from "node:http";
import {ofProblems, prism, untrue} from "./prism.mjs";

const [orders, folder] = process.argv.slice(2);
const document = JSON.parse(execFileSync(orders, ["openapi"]));
const exchanges = readdirSync(folder)
  .filter((name) => name.endsWith(".jsonl"))
  .flatMap((name) => readFileSync(`${folder}/${name}`, "utf8").trim().split("\n")
    .map((line) => ({from: name.replace(".jsonl", ""), ...JSON.parse(line)})));

// A request for no operation of the document has nothing to be compared with.
const operation = ({method, target}) =>
  document.paths[target.split("?")[0]]?.[method.toLowerCase()];
const documented = exchanges.filter(operation);

const ofOneConnection = /^(host|connection|content-length|transfer-encoding|expect|keep-alive)$/i;
const endToEnd = (headers) => headers.filter(([name]) => !ofOneConnection.test(name));
const bytes = (text) => Buffer.from(text, "latin1");

const server = createServer((request, answer) => {
  const kept = documented[request.headers["x-exchange"]];
  answer.writeHead(kept.status, endToEnd(kept.answer_headers).flat());
  answer.end(bytes(kept.answer));
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const url = `http://127.0.0.1:${server.address().port}`;
const [plain, problems, misled] = await Promise.all(
  [document, ofProblems(document), untrue(document)].map((d) => prism(url, d)));

const is = (kept, name, value) =>
  kept.answer_headers.some(([n, v]) => n === name && v === value);
const replay = (kept, number, through) => through.ask(
  kept.method, kept.target,
  [...endToEnd(kept.headers), ["host", "127.0.0.1"], ["x-exchange", String(number)],
   ...(kept.body ? [["content-length", String(kept.body.length)]] : [])],
  bytes(kept.body));

try {
  const seen = new Set(), wrong = [];
  let lenient = 0;
  for (const [number, kept] of documented.entries()) {
    const found = await replay(
      kept, number, is(kept, "content-type", "application/problem+json") ? problems : plain);
    seen.add(`${kept.method} ${kept.target.split("?")[0]} ${kept.status}`);
    if (found.status !== kept.status || found.response.length) wrong.push({kept, found});
    if (kept.status < 400 && found.request.length) {
      ++lenient;
      console.log(JSON.stringify([kept.from, kept.method, kept.target, kept.headers, kept.body, found.request]));
    }
  }
  console.log(`${exchanges.length} exchanges, ${documented.length} of documented operations, ` +
              `${lenient} that the service takes and the document does not`);
  console.log([...seen].sort().join("\n"));
  assert.deepEqual(wrong, []);
  const hit = documented.findIndex((k) => k.method === "GET" && k.status === 200);
  assert.notDeepEqual((await replay(documented[hit], hit, misled)).response, [], "Prism takes anything");
} finally {
  for (const p of [plain, problems, misled]) p.stop();
  server.close();
}
