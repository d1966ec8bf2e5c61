import assert from "node:assert/strict";
import { test } from "node:test";
import { httpClient, serveHttp1 } from "../net/index.ts";
import { jsonAnswer } from "./receive.ts";
import { type Endpoint, serveEndpoints } from "./routes.ts";

const endpoints: readonly Endpoint[] = [
  { method: "GET", path: "/things", answer: ({ query }) => jsonAnswer({ q: query.get("q") }) },
  {
    method: "POST",
    path: "/things",
    answer: async ({ exchange }) => jsonAnswer({ n: (await exchange.bytes(100)).length }),
  },
  { method: "GET", path: "/things/{id}", answer: ({ segment }) => jsonAnswer({ segment }) },
  {
    method: "GET",
    path: "/broken",
    answer: () => {
      throw new RangeError("no");
    },
  },
];

/** Asks a server of these endpoints; gives status, body and Allow. */
async function ask(method: string, path: string, body?: string) {
  await using client = httpClient();
  await using server = await serveHttp1(serveEndpoints(endpoints), { port: 0 });
  const url = `http://127.0.0.1:${server.port}${path}`;
  const answer = await client.request({ method, url, ...(body === undefined ? {} : { body }) });
  const text = await answer.text(10_000);
  return {
    status: answer.status,
    body: text === "" ? undefined : JSON.parse(text),
    allow: answer.header("allow"),
  };
}

test("a path is found with its query, with or without a slash at its end", async () => {
  assert.deepEqual((await ask("GET", "/things?q=a%20b")).body, { q: "a b" });
  assert.deepEqual((await ask("GET", "/things/?q=1")).body, { q: "1" });
});

test("the same path can have several methods", async () => {
  assert.deepEqual((await ask("POST", "/things", "four")).body, { n: 4 });
  const wrong = await ask("DELETE", "/things");
  assert.deepEqual([wrong.status, wrong.allow], [405, "GET, POST"]);
});

test("a segment is decoded once, and one that cannot be is taken as it stands", async () => {
  assert.deepEqual((await ask("GET", "/things/a%2Fb")).body, { segment: "a/b" });
  assert.deepEqual((await ask("GET", "/things/100%")).body, { segment: "100%" });
});

test("a segment is one segment", async () => {
  assert.equal((await ask("GET", "/things/a/b")).status, 404);
  assert.equal((await ask("GET", "/thingsX")).status, 404);
  assert.equal((await ask("GET", "/")).status, 404);
});

test("HEAD is answered as GET without a body", async () => {
  const answer = await ask("HEAD", "/things");
  assert.deepEqual([answer.status, answer.body], [200, undefined]);
});

test("a failure of ours is a problem document, not a hanging request", async () => {
  const answer = await ask("GET", "/broken");
  assert.deepEqual([answer.status, answer.body.code], [500, "KERNEL_INTERNAL"]);
});
