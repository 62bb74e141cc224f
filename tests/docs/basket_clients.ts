// The same as clients.ts of another service: paths with parameters, every method, lists.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import * as oazapfts from "./generated/oazapfts.js";
import type {paths} from "./generated/openapi-typescript.js";

const url = process.argv[2]!;
const client = createClient<paths>({baseUrl: url});
const item = {basketid: 7001, prod_id: 1};

const put = await client.PUT("/baskets/{basketid}/items/{prod_id}", {
  params: {path: item},
  body: {quantity: 3},
});
assert.equal(put.response.status, 201);
const several = await client.PUT("/baskets/{basketid}/items", {
  params: {path: {basketid: 7002}},
  body: {items: [{prod_id: 1, quantity: 4}, {prod_id: 2, quantity: 1}]},
});
assert.equal(several.response.status, 204);
const wrong = await client.PUT("/baskets/{basketid}/items", {
  params: {path: {basketid: 7002}},
  // @ts-expect-error A quantity is a number, and every item has a product.
  body: {items: [{prod_id: 1, quantity: 4}, {quantity: true}]},
});
assert(wrong.error && "detail" in wrong.error);
assert.deepEqual(
  wrong.response.status === 422 && (wrong.error.detail as {loc: unknown}[]).map((one) => one.loc),
  [["body", "items", 1, "prod_id"], ["body", "items", 1, "quantity"]]);
const priced = await client.PATCH("/products/{prod_id}", {
  params: {path: {prod_id: 1}},
  body: {price: "12.50"},
});
assert.equal(priced.data?.price, 12.5);
const again = await client.PATCH("/products/{prod_id}", {
  params: {path: {prod_id: 1}, header: {"if-match": priced.response.headers.get("etag")!}},
  body: {price: "12.50"},
});
assert.equal(again.response.status, 200);
const untouched = await client.PATCH("/products/{prod_id}", {
  params: {path: {prod_id: 1}, header: {"if-match": '"another"'}},
  body: {price: "1"},
});
assert.equal(untouched.response.status, 412);
const price = await client.GET("/baskets/{basketid}/price", {
  params: {path: {basketid: 7001}, query: {voucher: "SPRING"}},
});
assert(price.data);
assert.equal(price.data.net, 37.5);
assert.equal(price.data.lines[0]?.quantity, 3);
assert.equal(price.data.percent, 10);
const page = await client.GET("/products", {params: {query: {limit: 2}}});
assert.equal(page.data?.products.length, 2);
const removed = await client.DELETE("/baskets/{basketid}/items/{prod_id}", {params: {path: item}});
assert.equal(removed.response.status, 204);
const none = await client.GET("/products/{prod_id}", {params: {path: {prod_id: -1}}});
assert.equal(none.response.status, 404);
// @ts-expect-error A new price has a price.
export const untyped = () => client.PATCH("/products/{prod_id}", {params: {path: item}, body: {}});

oazapfts.defaults.baseUrl = url;
const found = await oazapfts.getProductsProdId(1);
assert(found.status === 200 && "price" in found.data);
assert.equal(found.data.price, 12.5);
