/** Cross-origin rules where one path has several routes, and where the service has rules of its own. */
import assert from "node:assert/strict";
import { ask, bench, endpoint, service, test } from "./fixture.test.ts";

const shop = "https://shop.example";

function preflight(port: number, wanted: string, origin = shop) {
  return ask(port, "/a", {
    method: "OPTIONS",
    headers: ["Origin", origin, "Access-Control-Request-Method", wanted],
  });
}

test("a preflight goes by the rules of the route that the request would take", async () => {
  await using users = await service((exchange) => exchange.respond({ status: 200 }));
  await using front = await bench({
    routes: {
      "/a": [
        { service: "users", method: "GET", cors: { origins: ["*"] } },
        { service: "users", method: "DELETE", cors: { origins: [shop] } },
        { service: "users", method: "PUT" },
      ],
    },
    endpoints: [endpoint(users.port)],
  });
  const told = async (wanted: string, origin?: string) => {
    const reply = await preflight(front.port, wanted, origin);
    return [reply.header("access-control-allow-origin"), reply.header("access-control-allow-methods")];
  };
  assert.deepEqual(await told("GET"), ["*", "GET"]);
  assert.deepEqual(await told("DELETE"), [shop, "DELETE"]);
  assert.deepEqual(await told("DELETE", "https://evil.example"), [undefined, undefined]);
  const put = await told("PUT");
  assert.ok(!String(put[1]).includes("PUT"), "that route allows nobody");
});

test("what a service allows does not stand beside what the route allows", async () => {
  await using users = await service((exchange) =>
    exchange.respond({
      status: 200,
      headers: ["Access-Control-Allow-Origin", "*", "access-control-allow-credentials", "true", "X-Own", "1"],
    }),
  );
  await using front = await bench({
    routes: { "/a": { service: "users", cors: { origins: [shop] } }, "/own": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const seen = async (target: string, origin: string) => {
    const { headers } = await ask(front.port, target, { headers: ["Origin", origin] });
    return headers.filter((_, i) => /^access-control-/i.test(headers[i - (i % 2)] ?? ""));
  };
  assert.deepEqual(await seen("/a", shop), ["Access-Control-Allow-Origin", shop]);
  assert.deepEqual(await seen("/a", "https://evil.example"), []);
  assert.equal((await seen("/own", shop)).length, 4, "without rules of the route they are the service's");
});

test("a page may read that its body is too large, and that counts as a request of its client", async () => {
  await using users = await service((exchange) => exchange.respond({ status: 200 }));
  await using front = await bench({
    routes: {
      "/a": {
        service: "users",
        max_body: "1KiB",
        cors: { origins: [shop] },
        rate_limit: { requests: 1, window: "1m" },
      },
    },
    endpoints: [endpoint(users.port)],
  });
  const large = () =>
    ask(front.port, "/a", { method: "POST", body: "x".repeat(2_000), headers: ["Origin", shop] });
  const first = await large();
  assert.deepEqual(
    [first.status, first.header("access-control-allow-origin"), first.header("ratelimit")?.includes("r=0")],
    [413, shop, true],
  );
  const second = await large();
  assert.deepEqual([second.status, second.header("access-control-allow-origin")], [429, shop]);
});
