import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskerError } from "../../kernel/index.ts";
import { http1Pool, type Pool } from "../../net/index.ts";
import { deadPort, endpoint, rawService, requestOn, service } from "../fixture.test.ts";
import type { ForwardRequest } from "./forwarder.ts";
import { Lines } from "./lines.ts";
import { pooledForwarder } from "./pooled.ts";

const get = (over: Partial<ForwardRequest> = {}): ForwardRequest => ({
  method: "GET",
  path: "/x",
  headers: ["Host", "a"],
  body: undefined,
  signal: new AbortController().signal,
  ...over,
});

function plainForwarder() {
  const onError = (error: unknown) => assert.fail(String(error));
  return pooledForwarder("engine", new Lines({ open: (origin) => ({ pool: http1Pool(origin) }), onError }));
}

/** A forwarder that keeps count of its connections' beginnings and ends. */
function counted() {
  const opened: string[] = [];
  const closed: string[] = [];
  const errors: unknown[] = [];
  const lines = new Lines<{ pool: Pool }>({
    onError: (error) => errors.push(error),
    open: (origin) => {
      opened.push(origin);
      const pool = http1Pool(origin);
      return {
        pool: {
          origin,
          request: (request) => pool.request(request),
          [Symbol.asyncDispose]: async () => {
            closed.push(origin);
            await pool[Symbol.asyncDispose]();
          },
        },
      };
    },
  });
  const forwarder = pooledForwarder("engine", lines);
  return { forwarder, opened, closed, errors };
}

test("gives back the head of an answer with its fields", async () => {
  await using users = await service((exchange) =>
    exchange.respond({ status: 418, headers: ["X-Tea", "pot"], body: "short" }),
  );
  await using forwarder = plainForwarder();
  const outcome = await forwarder.forward(get(), endpoint(users.port));
  assert.ok(outcome.ok);
  assert.equal(outcome.answer.status, 418);
  assert.equal(outcome.answer.header("x-tea"), "pot");
  outcome.answer.discard();
});

test("tells how far a request came: not connected, sent, not HTTP", async () => {
  await using forwarder = plainForwarder();
  const refused = await forwarder.forward(get(), endpoint(await deadPort()));
  assert.deepEqual(refused.ok || [refused.stage, refused.sent, refused.cause.code], [
    "connect",
    false,
    "NET_CONNECT",
  ]);
  await using resetting = await rawService(async (socket) => {
    await requestOn(socket);
    socket.resetAndDestroy();
  });
  const reset = await forwarder.forward(get(), endpoint(resetting.port));
  assert.deepEqual(reset.ok || [reset.stage, reset.sent, reset.cause.code], ["head", true, "NET_RESET"]);
  await using babbling = await rawService(async (socket) => {
    await requestOn(socket);
    socket.end("+PONG\r\n");
  });
  const babble = await forwarder.forward(get(), endpoint(babbling.port));
  assert.deepEqual(babble.ok || [babble.stage, babble.cause.code], ["protocol", "NET_MALFORMED"]);
});

test("a signal ends a request in flight with its own reason", async () => {
  const arrived = Promise.withResolvers<void>();
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    arrived.resolve();
  });
  await using forwarder = plainForwarder();
  const controller = new AbortController();
  const forwarding = forwarder.forward(get({ signal: controller.signal }), endpoint(users.port));
  await arrived.promise;
  controller.abort(new TuskerError("GATEWAY_TIMEOUT", "too late"));
  const outcome = await forwarding;
  assert.deepEqual(outcome.ok || [outcome.sent, outcome.cause.code], [true, "GATEWAY_TIMEOUT"]);
});

test("one set of connections per instance and address, kept between requests", async () => {
  await using users = await service((exchange) => exchange.respond({ status: 200 }));
  const { forwarder, opened } = counted();
  await using _closing = forwarder;
  for (let i = 0; i < 3; i++) {
    const outcome = await forwarder.forward(get(), endpoint(users.port, "a"));
    assert.ok(outcome.ok);
    outcome.answer.discard();
  }
  await forwarder.forward(get(), endpoint(await deadPort(), "a"));
  assert.equal(opened.length, 2);
});

test("connections of an instance that left are closed when their last exchange has ended", async () => {
  await using users = await service((exchange) => exchange.respond({ status: 200, body: "x" }));
  const { forwarder, closed, errors } = counted();
  await using _closing = forwarder;
  const to = endpoint(users.port, "a");
  const first = await forwarder.forward(get(), to);
  const second = await forwarder.forward(get(), to);
  assert.ok(first.ok && second.ok);
  forwarder.retire(to);
  assert.deepEqual(closed, []);
  first.answer.discard();
  assert.deepEqual(closed, []);
  second.answer.discard();
  assert.deepEqual(closed, [`http://127.0.0.1:${users.port}`]);
  forwarder.retire(to);
  assert.deepEqual(errors, []);
});

test("an idle instance that left is closed at once, and one never asked has nothing to close", async () => {
  const { forwarder, closed } = counted();
  await using _closing = forwarder;
  const dead = endpoint(await deadPort(), "a");
  await forwarder.forward(get(), dead);
  forwarder.retire(dead);
  assert.equal(closed.length, 1);
  forwarder.retire(endpoint(1, "never"));
  assert.equal(closed.length, 1);
});

test("an IPv6 address is written in brackets", async () => {
  const { forwarder, opened } = counted();
  await using _closing = forwarder;
  await forwarder.forward(get(), { ...endpoint(await deadPort(), "six"), host: "::1" });
  assert.match(opened[0] ?? "", /^http:\/\/\[::1\]:\d+$/);
});
