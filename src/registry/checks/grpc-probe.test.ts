/** The health protocol of gRPC, answered by another implementation of it. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import type { CheckSpec } from "../state/model.ts";
import { grpcProbe } from "./grpc-probe.ts";

type GrpcSpec = Extract<CheckSpec, { kind: "grpc" }>;

const never = new AbortController().signal;

/** HealthCheckRequest and HealthCheckResponse by hand: one field each. */
const health: ServiceDefinition = {
  Check: {
    path: "/grpc.health.v1.Health/Check",
    requestStream: false,
    responseStream: false,
    requestSerialize: ({ name }: { name: string }) => Buffer.from(name),
    requestDeserialize: (bytes) => ({ name: bytes.subarray(2).toString() }),
    responseSerialize: (status: number) => (status === 0 ? Buffer.alloc(0) : Buffer.of(8, status)),
    responseDeserialize: (bytes) => bytes[1] ?? 0,
  },
};

async function serving(statuses: Readonly<Record<string, number>>) {
  const server = new Server();
  server.addService(health, {
    Check: (call: { request: { name: string } }, reply: (error: object | null, status?: number) => void) => {
      const status = statuses[call.request.name];
      if (status === undefined) reply({ code: 5, details: "unknown service" });
      else reply(null, status);
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
    error === null ? resolve(port) : reject(error),
  );
  const port = await promise;
  return { port, [Symbol.dispose]: () => server.forceShutdown() };
}

const spec = (port: number, service = ""): GrpcSpec => ({
  kind: "grpc",
  address: `127.0.0.1:${port}`,
  service,
  tls: false,
  tlsSkipVerify: false,
  tlsServerName: "",
  intervalMs: 1_000,
  timeoutMs: 1_000,
  successBeforePassing: 0,
  failuresBeforeWarning: 0,
  failuresBeforeCritical: 0,
  deregisterAfterMs: 0,
});

test("SERVING passes, for the server and for a service of it", async () => {
  using server = await serving({ "": 1, "shop.Users": 1 });
  const output = `gRPC check 127.0.0.1:${server.port}: success`;
  assert.deepEqual(await grpcProbe(spec(server.port), never), { status: "passing", output });
  assert.equal((await grpcProbe(spec(server.port, "shop.Users"), never)).status, "passing");
});

test("anything else is critical and says what was said", async () => {
  using server = await serving({ "": 2, "shop.Users": 0 });
  const found = await grpcProbe(spec(server.port), never);
  assert.equal(found.status, "critical");
  assert.match(found.output, /NOT_SERVING/);
  assert.match((await grpcProbe(spec(server.port, "shop.Users"), never)).output, /UNKNOWN/);
  await assert.rejects(grpcProbe(spec(server.port, "nobody"), never), /gRPC status 5 unknown service/);
});

test("a peer that speaks no gRPC, or nothing, fails with a reason", async () => {
  const tcp = createServer((socket) => socket.resume().end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(
    0,
    "127.0.0.1",
  );
  await new Promise((resolve) => tcp.once("listening", resolve));
  const address = tcp.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await assert.rejects(grpcProbe(spec(port), never));
  await new Promise((resolve) => tcp.close(resolve));
  await assert.rejects(grpcProbe(spec(port), never), /ECONNREFUSED/);
});

test("a peer that does not answer is given up with the signal", async () => {
  const open = new Set<{ destroy(): unknown }>();
  const tcp = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    late.abort();
  }).listen(0, "127.0.0.1");
  const late = new AbortController();
  await new Promise((resolve) => tcp.once("listening", resolve));
  const address = tcp.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await assert.rejects(grpcProbe(spec(port), late.signal));
  for (const socket of open) socket.destroy();
  await new Promise((resolve) => tcp.close(resolve));
});
