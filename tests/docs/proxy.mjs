// Prism stands between a client and the service, and compares what passes with the document.
//
//   node proxy.mjs URL URL_UNCONFIGURED URL_WITHOUT_DATABASE
import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {mkdirSync, writeFileSync} from "node:fs";
import {createInterface} from "node:readline";
import {tool} from "./tool.mjs";

const order = {orderdate: "2023-03-10", customerid: 9999, netamount: 23.0, tax: 2.0};
const post = (body, type = "application/json") => ({
  method: "POST", headers: {"content-type": type},
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const without = (name) => ({...order, [name]: undefined});

// Path, request, status: requests as the document wants them, and what nobody can tell from it ...
const lawful = [
  ["/count", {}, 200],
  ["/count?customerid=9999", {}, 200],
  ["/count?customerid=-2147483648", {}, 200],
  ["/count?colour=red", {}, 200],
  ["/count", {headers: {"if-none-match": "*"}}, 304],
  ["/count", {headers: {"if-match": '"another"'}}, 412],
  ["/count?customerid=77", {headers: {"cache-control": "only-if-cached"}}, 504],
  ["/add/", post(order), 200],
  ["/add/", post({...order, netamount: "23.00", tax: " 2e0 "}), 200],
  ["/add/", post({...order, netamount: -9999999999.99, tax: 0}), 200],
  ["/add/", post({...order, orderdate: "March 10, 2023"}), 200],
  ["/add/", post({...order, colour: "red"}), 200],
  ["/add/", post({...order, orderdate: "2023-02-30"}), 422],
  ["/add/", post({...order, customerid: 30000}), 422],
  ["/count?customerid=", {}, 422],
];
// ... and those that it rules out.
const unlawful = [
  ["/count?customerid=abc", {}, 422],
  ["/count?customerid=42.5", {}, 422],
  ["/count?customerid=2147483648", {}, 422],
  ["/add/", post(without("orderdate")), 422],
  ["/add/", post(without("customerid")), 422],
  ["/add/", post(without("netamount")), 422],
  ["/add/", post(without("tax")), 422],
  ["/add/", post({}), 422],
  ["/add/", post([]), 422],
  ["/add/", post("null"), 422],
  ["/add/", post({...order, customerid: 1.5}), 422],
  ["/add/", post({...order, customerid: true}), 422],
  ["/add/", post({...order, customerid: 2 ** 31}), 422],
  ["/add/", post({...order, netamount: 1e10}), 422],
  ["/add/", post({...order, netamount: [1]}), 422],
  ["/add/", post({...order, tax: "a lot"}), 422],
  ["/add/", post({...order, orderdate: 20230310}), 422],
];
// Starts Prism with a document in front of a service. `ask` sends a request through it and returns
// the answer's status and what Prism found.
async function proxy(url, document) {
  const prism = spawn(process.execPath, [tool("@stoplight/prism-cli", "prism"), "proxy", document,
                                         url, "--port", "0"], {stdio: ["ignore", "pipe", "inherit"]});
  let at;
  for await (const line of createInterface(prism.stdout)) {
    at = line.match(/listening on (http\S+)/)?.[1];
    if (at) break;
  }
  prism.stdout.resume();
  const ask = async (path, request = {}) => {
    const answer = await fetch(at + path, {...request, redirect: "manual"});
    await answer.text();
    const found = JSON.parse(answer.headers.get("sl-violations") ?? "[]");
    const about = (side) => found.filter((f) => f.location[0] === side);
    return {status: answer.status, request: about("request"), response: about("response")};
  };
  return {ask, stop: () => prism.kill()};
}

const [url, unconfigured, without_database] = process.argv.slice(2);
const document = await (await fetch(`${url}/openapi.json`)).json();
const untrue = structuredClone(document);
untrue.components.schemas.count_reply.properties.count.type = "string";
// Prism takes problem+json for json, and the first that it finds: here it finds no other.
const of_problems = structuredClone(document);
for (const {responses} of [of_problems.paths["/count"].get, of_problems.paths["/add/"].post])
  for (const {content} of Object.values(responses))
    if (content?.["application/problem+json"]) delete content["application/json"];
const folder = new URL("generated/", import.meta.url).pathname;
mkdirSync(folder, {recursive: true});
writeFileSync(`${folder}true.json`, JSON.stringify(document));
writeFileSync(`${folder}untrue.json`, JSON.stringify(untrue));
writeFileSync(`${folder}of_problems.json`, JSON.stringify(of_problems));

const proxies = await Promise.all([
  [url, "true"], [url, "untrue"], [url, "of_problems"], [unconfigured, "true"], [without_database, "true"],
].map(([to, name]) => proxy(to, `${folder}${name}.json`)));
const [service, misled, problems, not_ready, unavailable] = proxies;
const conforming = (status) => ({status, request: [], response: []});
try {
  for (const [path, request, status] of lawful)
    assert.deepEqual(await service.ask(path, request), conforming(status), path + request.body);
  for (const [path, request, status] of unlawful) {
    const found = await service.ask(path, request);
    assert.deepEqual([found.status, found.response], [status, []], path + request.body);
    assert.notDeepEqual(found.request, [], path + request.body);
  }
  for (const [proxy, status] of [[not_ready, 500], [unavailable, 503]]) {
    assert.deepEqual(await proxy.ask("/count"), conforming(status));
    assert.deepEqual(await proxy.ask("/add/", post(order)), conforming(status));
  }
  const as_problem = {accept: "application/problem+json"};
  for (const [path, request, status] of unlawful) {
    const headers = {...request.headers, ...as_problem};
    const found = await problems.ask(path, {...request, headers});
    assert.deepEqual([found.status, found.response], [status, []], path + request.body);
  }
  assert.notDeepEqual((await misled.ask("/count")).response, [], "Prism takes anything");
} finally {
  for (const p of proxies) p.stop();
}
