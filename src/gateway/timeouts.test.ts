import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { ask, bench, endpoint, service, test } from "./fixture.test.ts";

/** A port that takes no connection and refuses none: its thread is blocked and its queue is full. */
async function blackHole(): Promise<AsyncDisposable & { readonly port: number }> {
  const code = `
    const { parentPort } = require("node:worker_threads");
    const server = require("node:net").createServer();
    server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
    });`;
  const worker = new Worker(code, { eval: true });
  const [port] = await once(worker, "message");
  const fillers: Socket[] = [];
  // Linux completes one connection more than the queue is long; whoever comes then hears nothing.
  for (let i = 0; i < 4; i++) fillers.push(connect(port, "127.0.0.1").on("error", () => {}));
  await Promise.all(fillers.slice(0, 2).map((socket) => once(socket, "connect")));
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of fillers) socket.destroy();
      await worker.terminate();
    },
  };
}

test("an instance that takes no connection is given up after connect_timeout, and another one answers", async () => {
  await using hole = await blackHole();
  await using users = await service((exchange) => exchange.respond({ status: 200, body: "ok" }));
  await using front = await bench({
    gateway: { connect_timeout: "100ms", balance: "round_robin" },
    routes: { "/*": { service: "users", method: "POST", timeout: "20s" } },
    endpoints: [endpoint(hole.port, "a-hole"), endpoint(users.port, "b-users")],
  });
  // Nothing was sent, so that even a POST may go elsewhere.
  for (let i = 0; i < 2; i++)
    assert.equal((await ask(front.port, "/", { method: "POST", body: "x" })).status, 200);
  assert.equal(front.metric('tusker_gateway_retries_total{service="users",reason="unsent"}'), 1);
});
