import assert from "node:assert/strict";
import { test } from "node:test";
import { type Discovery, type EndpointListener, endpointSet } from "../discovery/index.ts";
import { manualClock } from "../kernel/index.ts";
import { createLogger, createMetrics, createTracer, ratioSampler } from "../telemetry/index.ts";
import { ask, endpoint, service, until } from "./fixture.test.ts";
import { startGateway } from "./gateway.ts";
import { gatewaySection, routesSection } from "./section.ts";

/** A registry that has not answered yet. */
function lateDiscovery() {
  const listeners = new Set<EndpointListener>();
  let watched = 0;
  const discovery: Discovery = {
    watch(_service, listener) {
      watched++;
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    known: () => undefined,
    lookup: () => Promise.reject(new Error("nobody asks")),
    [Symbol.asyncDispose]: async () => {},
  };
  return {
    discovery,
    watched: () => watched,
    listening: () => listeners.size,
    answer(port: number) {
      const set = endpointSet("users", "1", [endpoint(port)]);
      for (const listener of listeners) listener(set);
    },
  };
}

async function started(discovery: Discovery, routes: object) {
  const clock = manualClock();
  const gateway = await startGateway(
    { gateway: gatewaySection.parse({ port: 0 }), routes: routesSection.parse(routes) },
    {
      discovery,
      tracer: createTracer({ service: "g", sampler: ratioSampler(0), sink: { accept: () => {} }, clock }),
      metrics: createMetrics(),
      log: createLogger({ service: "g", write: () => {}, clock }),
      clock,
      random: { next: () => 0, below: () => 0 },
    },
  );
  return { gateway, clock };
}

test("the first request after a start waits for the registry's first answer", async () => {
  await using users = await service((exchange) => exchange.respond({ status: 200, body: "here" }));
  const late = lateDiscovery();
  const { gateway, clock } = await started(late.discovery, { "/*": { service: "users" } });
  await using _closing = gateway;
  const asking = ask(gateway.server.port, "/");
  await until(() => clock.pending > 0);
  late.answer(users.port);
  assert.equal((await asking).body, "here");
});

test("it does not wait longer than a second", async () => {
  const late = lateDiscovery();
  const { gateway, clock } = await started(late.discovery, { "/*": { service: "users" } });
  await using _closing = gateway;
  const asking = ask(gateway.server.port, "/");
  await until(() => gateway.stats().inFlight > 0);
  clock.advance(1_000);
  assert.equal((await asking).code, "GATEWAY_NO_ENDPOINT");
});

test("one watch per service, however many routes, and none after the end", async () => {
  const late = lateDiscovery();
  const { gateway } = await started(late.discovery, {
    "/a": { service: "users" },
    "/b": { service: "users" },
    "/c": { service: "orders" },
  });
  assert.equal(late.watched(), 2);
  await gateway.drain(0);
  assert.equal(late.listening(), 0);
});

test("an unsampled request still carries its trace to the service", async () => {
  let seen: string | undefined;
  await using users = await service((exchange) => {
    seen = exchange.header("traceparent");
    return exchange.respond({ status: 200 });
  });
  const late = lateDiscovery();
  const { gateway } = await started(late.discovery, { "/*": { service: "users" } });
  await using _closing = gateway;
  late.answer(users.port);
  const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
  await ask(gateway.server.port, "/", { headers: ["traceparent", parent] });
  assert.match(seen ?? "", /^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-00$/);
});
