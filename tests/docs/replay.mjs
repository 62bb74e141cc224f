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
// Any JSON type, or none, is taken for JSON, with a byte order mark or without; Prism reads bodies
// of the documented one alone, and answers by itself what is no JSON at all.
const replay = (kept, number, through) => {
  const headers = endToEnd(kept.headers).filter(([name]) => !/^content-(type|encoding)$/i.test(name));
  headers.push(["host", "127.0.0.1"], ["x-exchange", String(number)]);
  const unmarked = kept.body.replace(/^\xef\xbb\xbf/, "");
  const body = isJson(unmarked) ? unmarked : "";
  if (kept.method === "POST")
    headers.push(["content-type", "application/json"], ["content-length", String(body.length)]);
  return through.ask(kept.method, kept.target, headers, bytes(body));
};
function isJson(text) {
  try {
    return JSON.parse(bytes(text)) !== undefined;
  } catch {
    return false;
  }
}

// What the service takes and the document does not: an integer as a string or twice, as its
// introduction says, and an amount that is rounded into its range.
const lenient = ({location, message}) =>
  /customerid must be integer$/.test(message) || location.at(-1) === "netamount";

try {
  const seen = new Set(), wrong = [];
  for (const [number, kept] of documented.entries()) {
    const found = await replay(
      kept, number, is(kept, "content-type", "application/problem+json") ? problems : plain);
    const taken = kept.status < 400 && found.request.filter((f) => !lenient(f));
    if (found.status !== kept.status || found.response.length || taken.length)
      wrong.push({kept, found});
    seen.add(`${kept.method} ${kept.target.split("?")[0]} ${kept.status}`);
  }
  console.log(`${exchanges.length} exchanges, ${documented.length} of documented operations`);
  assert.deepEqual(wrong, []);
  for (const [operation, statuses] of [["GET /count", [200, 304, 412, 422, 500, 503, 504]],
                                       ["POST /add/", [200, 403, 412, 415, 422, 500, 503]]])
    for (const status of statuses) assert(seen.has(`${operation} ${status}`), `${operation} ${status}`);
  const hit = documented.findIndex((k) => k.method === "GET" && k.status === 200);
  assert.notDeepEqual((await replay(documented[hit], hit, misled)).response, [], "Prism takes anything");
} finally {
  for (const p of [plain, problems, misled]) p.stop();
  server.close();
}
