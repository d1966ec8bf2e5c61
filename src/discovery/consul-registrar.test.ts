import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskerError } from "../kernel/index.ts";
import { httpClient, serveHttp1 } from "../net/index.ts";
import { consulRegistrar } from "./consul-registrar.ts";
import type { InstanceRegistration, Registrar } from "./registrar.ts";

interface Heard {
  readonly method: string;
  readonly target: string;
  readonly body: unknown;
}

async function withPeer(
  status: number,
  words: string,
  run: (registrar: Registrar, heard: Heard[]) => Promise<void>,
): Promise<void> {
  const heard: Heard[] = [];
  await using server = await serveHttp1(
    async (exchange) => {
      const text = new TextDecoder().decode(await exchange.bytes(1e6));
      heard.push({
        method: exchange.method,
        target: exchange.target,
        body: text === "" ? undefined : JSON.parse(text),
      });
      await exchange.respond({ status, body: words });
    },
    { port: 0 },
  );
  await using http = httpClient();
  await run(consulRegistrar({ url: `http://127.0.0.1:${server.port}/`, http }), heard);
}

const instance: InstanceRegistration = { id: "u1", service: "user", host: "10.0.0.1", port: 8081 };

test("an instance is registered with all that is known of it", async () => {
  await withPeer(200, "", async (registrar, heard) => {
    await registrar.register({
      ...instance,
      meta: { grpc_port: "9090" },
      tags: ["v2"],
      weight: 3,
      status: "passing",
      check: { kind: "ttl", ttlMs: 10_000, deregisterAfterMs: 90_000 },
    });
    assert.deepEqual(heard, [
      {
        method: "PUT",
        target: "/v1/agent/service/register?replace-existing-checks=true",
        body: {
          ID: "u1",
          Name: "user",
          Address: "10.0.0.1",
          Port: 8081,
          Meta: { grpc_port: "9090" },
          Tags: ["v2"],
          Weights: { Passing: 3, Warning: 1 },
          Checks: [
            {
              CheckID: "service:u1",
              Status: "passing",
              DeregisterCriticalServiceAfter: "1m30s",
              TTL: "10s",
            },
          ],
        },
      },
    ]);
  });
});

test("an instance without a check is registered without one", async () => {
  await withPeer(200, "", async (registrar, heard) => {
    await registrar.register(instance);
    const { body } = heard[0] ?? {};
    assert.ok(typeof body === "object" && body !== null && !("Checks" in body));
  });
});

test("HTTP and TCP checks say where and how often", async () => {
  await withPeer(200, "", async (registrar, heard) => {
    const url = "http://10.0.0.1:8081/health";
    await registrar.register({
      ...instance,
      check: { kind: "http", url, intervalMs: 5_000, timeoutMs: 250 },
    });
    await registrar.register({
      ...instance,
      check: { kind: "tcp", address: "10.0.0.1:8081", intervalMs: 172_800_000 },
    });
    const checks = heard.map(({ body }) => (body as { Checks: unknown[] }).Checks[0]);
    assert.deepEqual(checks, [
      { CheckID: "service:u1", HTTP: url, Interval: "5s", Timeout: "250ms" },
      { CheckID: "service:u1", TCP: "10.0.0.1:8081", Interval: "172800000ms" },
    ]);
  });
});

test("ids are encoded into paths", async () => {
  await withPeer(200, "", async (registrar, heard) => {
    await registrar.deregister("a/b c");
    await registrar.setStatus("a/b c", "warning", "slow");
    assert.deepEqual(heard, [
      { method: "PUT", target: "/v1/agent/service/deregister/a%2Fb%20c", body: undefined },
      {
        method: "PUT",
        target: "/v1/agent/check/update/service%3Aa%2Fb%20c",
        body: { Status: "warning", Output: "slow" },
      },
    ]);
  });
});

test("an instance that the registry does not know is as good as deregistered, whatever else a 404 refuses", async () => {
  await withPeer(404, 'Unknown service ID "u1"', async (registrar, heard) => {
    await registrar.deregister("u1");
    assert.equal(heard.length, 1);
    await assert.rejects(
      registrar.setStatus("u1", "passing"),
      (error) => error instanceof TuskerError && error.code === "DISCOVERY_PROTOCOL",
    );
  });
});

test("what the registry refuses is told in its words", async () => {
  await withPeer(400, "Missing service name", async (registrar) => {
    await assert.rejects(registrar.register({ ...instance, service: "" }), (error) => {
      assert.ok(error instanceof TuskerError);
      assert.equal(error.code, "DISCOVERY_PROTOCOL");
      assert.match(error.message, /400: Missing service name$/);
      return true;
    });
  });
});

for (const status of [429, 500, 503]) {
  test(`${status} means: ask again later`, async () => {
    await withPeer(status, "No cluster leader", async (registrar) => {
      await assert.rejects(
        registrar.register(instance),
        (error) => error instanceof TuskerError && error.code === "DISCOVERY_UNREACHABLE",
      );
    });
  });
}

test("a registry that is not there is unreachable", async () => {
  const server = await serveHttp1((exchange) => exchange.respond({ status: 200 }), { port: 0 });
  await server.drain(0);
  await using http = httpClient();
  const registrar = consulRegistrar({ url: `http://127.0.0.1:${server.port}`, http });
  await assert.rejects(
    registrar.deregister("u1"),
    (error) => error instanceof TuskerError && error.code === "DISCOVERY_UNREACHABLE",
  );
});
