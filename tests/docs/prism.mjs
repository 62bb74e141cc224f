// Prism between a client and a service, comparing what passes with a document.
import {spawn} from "node:child_process";
import {mkdirSync, writeFileSync} from "node:fs";
import {request} from "node:http";
import {createInterface} from "node:readline";
import {tool} from "./tool.mjs";

const folder = new URL("generated/", import.meta.url).pathname;

// The document, made untrue: what shows that Prism does not take anything.
export function untrue(document) {
  const changed = structuredClone(document);
  changed.components.schemas.count_reply.properties.count.type = "string";
  return changed;
}

// Prism takes problem+json for json, and the first that it finds: here it finds no other.
export function ofProblems(document) {
  const changed = structuredClone(document);
  for (const operations of Object.values(changed.paths))
    for (const {responses} of Object.values(operations))
      for (const {content} of Object.values(responses))
        if (content?.["application/problem+json"]) delete content["application/json"];
  return changed;
}

let proxies = 0;

// Starts Prism in front of a service. `ask` sends a request through it, headers as a list of pairs,
// and returns the answer's status and what Prism found.
export async function prism(url, document) {
  mkdirSync(folder, {recursive: true});
  const file = `${folder}proxied-${process.pid}-${++proxies}.json`;
  writeFileSync(file, JSON.stringify(document));
  const proxy = spawn(process.execPath, [tool("@stoplight/prism-cli", "prism"), "proxy", file, url,
                                         "--port", "0"], {stdio: ["ignore", "pipe", "inherit"]});
  let at;
  for await (const line of createInterface(proxy.stdout)) {
    at = line.match(/listening on (http\S+)/)?.[1];
    if (at) break;
  }
  proxy.stdout.resume();
  const {hostname, port} = new URL(at);
  const ask = (method, path, headers = [], body = "") => new Promise((resolve, reject) => {
    const asking = request({hostname, port, method, path, headers: headers.flat(), setHost: false},
                           (answer) => {
      answer.resume();
      answer.on("end", () => {
        const found = JSON.parse(answer.headers["sl-violations"] ?? "[]");
        const about = (side) => found.filter((f) => f.location[0] === side);
        resolve({status: answer.statusCode, request: about("request"), response: about("response")});
      });
    });
    asking.on("error", reject);
    asking.end(body);
  });
  return {ask, stop: () => proxy.kill()};
}
