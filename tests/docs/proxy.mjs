// Prism stands between a client and the service, and compares what passes with the document.
//
//   node proxy.mjs URL URL_UNCONFIGURED URL_WITHOUT_DATABASE
import assert from "node:assert/strict";
import {ofProblems, prism, untrue} from "./prism.mjs";

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
const [url, unconfigured, without_database] = process.argv.slice(2);
const document = await (await fetch(`${url}/openapi.json`)).json();
const proxies = await Promise.all([
  [url, document], [url, untrue(document)], [url, ofProblems(document)],
  [unconfigured, document], [without_database, document],
].map(([to, of]) => prism(to, of)));
const [service, misled, problems, not_ready, unavailable] = proxies;
const ask = (proxy, path, {method = "GET", headers = {}, body = ""}) => proxy.ask(
  method, path,
  [["host", "127.0.0.1"], ...Object.entries(headers),
   ...(method === "POST" ? [["content-length", String(Buffer.byteLength(body))]] : [])], body);
const conforming = (status) => ({status, request: [], response: []});
try {
  for (const [path, request, status] of lawful)
    assert.deepEqual(await ask(service, path, request), conforming(status), path + request.body);
  for (const [path, request, status] of unlawful) {
    const found = await ask(service, path, request);
    assert.deepEqual([found.status, found.response], [status, []], path + request.body);
    assert.notDeepEqual(found.request, [], path + request.body);
  }
  for (const [proxy, status] of [[not_ready, 500], [unavailable, 503]]) {
    assert.deepEqual(await ask(proxy, "/count", {}), conforming(status));
    assert.deepEqual(await ask(proxy, "/add/", post(order)), conforming(status));
  }
  const as_problem = {accept: "application/problem+json"};
  for (const [path, request, status] of unlawful) {
    const headers = {...request.headers, ...as_problem};
    const found = await ask(problems, path, {...request, headers});
    assert.deepEqual([found.status, found.response], [status, []], path + request.body);
  }
  assert.notDeepEqual((await ask(misled, "/count", {})).response, [], "Prism takes anything");
} finally {
  for (const p of proxies) p.stop();
}
