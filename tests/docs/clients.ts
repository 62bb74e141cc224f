// Uses both clients as a program would: types that do not fit would not compile, and answers that
// are not as documented fail.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import * as oazapfts from "./generated/oazapfts.js";
import type {paths} from "./generated/openapi-typescript.js";

const url = process.argv[2]!;
const order = {orderdate: "2023-03-10", customerid: 9999, netamount: 23.0, tax: "2.00"};

const client = createClient<paths>({baseUrl: url});
const before = await client.GET("/count", {params: {query: {customerid: 9999}}});
assert(before.data);
const added = await client.POST("/add/", {body: order});
assert.equal(added.data?.updated.customer, 9999);
const after = await client.GET("/count", {params: {query: {customerid: 9999}}});
assert.equal(after.data?.count, before.data.count + 1);
const refused = await client.POST("/add/", {body: {...order, customerid: 2 ** 31}});
assert(refused.error && refused.response.status === 422);
assert.deepEqual((refused.error.detail[0] as {loc: unknown}).loc, ["body", "customerid"]);
// @ts-expect-error An amount is no truth value.
export const untyped = () => client.POST("/add/", {body: {...order, tax: true}});

oazapfts.defaults.baseUrl = url;
const counted = await oazapfts.getCount({customerid: 9999});
assert(counted.status === 200 && "count" in counted.data);
const again = await oazapfts.postAdd(order);
assert(again.status === 200 && "updated" in again.data);
assert.equal(again.data.updated.customer, 9999);
const one_more = await oazapfts.getCount({customerid: 9999});
assert(one_more.status === 200 && "count" in one_more.data);
assert.equal(one_more.data.count, counted.data.count + 1);
// @ts-expect-error An order has a date.
export const undated = () => oazapfts.postAdd({customerid: 9999, netamount: 23.0, tax: 2.0});
