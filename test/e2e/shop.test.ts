import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lastReady, upFleet } from "../support/fleet.ts";
import { timely } from "../support/timely.ts";
import { until } from "../support/until.ts";

const order = {
  user_id: "123",
  items: [
    { product_id: "prod_123", quantity: 2, price: 29.99 },
    { product_id: "prod_456", quantity: 1, price: 49.99 },
  ],
};

function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

interface SpanNode {
  readonly span: {
    readonly name: string;
    readonly kind: string;
    readonly spanId: string;
    readonly parentSpanId?: string;
    readonly resource: { readonly service: string };
    readonly attributes: Readonly<Record<string, unknown>>;
  };
  readonly children: readonly SpanNode[];
}

test("one command brings the shop up, and a request goes through it as one trace", async (t) => {
  await using fleet = await upFleet();

  await t.test("services are ready in dependency order", () => {
    const ready = fleet.told.filter((line) => line.type === "ready").map((line) => line.service);
    assert.ok(ready.indexOf("order-service") > ready.indexOf("user-service"));
    assert.ok(ready.indexOf("order-service") > ready.indexOf("payment-service"));
    const waited = fleet.told.find(
      (line) => line.type === "ready" && line.service === "order-service",
    )?.waitedFor;
    assert.deepEqual(waited, ["user-service", "payment-service"]);
  });

  await t.test("an external without an address is said to be assumed", () => {
    const assumed = fleet.told.find((line) => line.type === "assumed");
    assert.equal(assumed?.external, "database");
    assert.deepEqual(assumed?.neededBy, ["user-service", "payment-service"]);
  });

  await t.test("a user is read through the gateway", async () => {
    const answer = await fetch(`${fleet.gateway}/api/users/123`);
    assert.equal(answer.status, 200);
    assert.equal(((await answer.json()) as { name: string }).name, "Ada Lovelace");
  });

  await t.test(
    "an order computes its total, and its trace is one tree: gateway, order, user by gRPC, payment by REST",
    async () => {
      const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
      const answer = await post(`${fleet.gateway}/api/orders`, order, {
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      });
      assert.ok(answer.status === 200 || answer.status === 201, String(answer.status));
      assert.equal(((await answer.json()) as { total: number }).total, 109.97);
      const trace = await until("the whole trace", async () => {
        const { stdout, code } = await fleet.tusker("traces", traceId, "--json");
        if (code !== 0) return undefined;
        const found = JSON.parse(stdout) as { roots: readonly SpanNode[]; spanCount: number };
        return found.spanCount >= 7 ? found : undefined;
      });
      assert.equal(trace.roots.length, 1);
      const [gateway] = trace.roots;
      const path = (node: SpanNode | undefined): string =>
        `${node?.span.resource.service}:${node?.span.kind}`;
      assert.equal(path(gateway), "gateway:server");
      const attempt = gateway?.children[0];
      assert.equal(path(attempt), "gateway:client");
      const served = attempt?.children[0];
      assert.equal(path(served), "order-service:server");
      const [toUser, toPayment] = served?.children ?? [];
      assert.equal(path(toUser), "order-service:client");
      assert.equal(
        toUser?.span.attributes["rpc.system"] ?? toUser?.span.attributes["rpc.system.name"],
        "grpc",
      );
      assert.equal(path(toUser?.children[0]), "user-service:server");
      assert.equal(path(toPayment), "order-service:client");
      assert.equal(toPayment?.span.attributes["http.request.method"], "POST");
      assert.equal(path(toPayment?.children[0]), "payment-service:server");
    },
  );

  await t.test(
    "an unknown user is 404, a declined card 402, a malformed order 400 naming the field",
    async () => {
      const unknown = await post(`${fleet.gateway}/api/orders`, { ...order, user_id: "nobody" });
      assert.equal(unknown.status, 404);
      assert.equal(unknown.headers.get("content-type"), "application/problem+json");
      const malformed = await post(`${fleet.gateway}/api/orders`, {
        user_id: "123",
        items: [{ product_id: "prod_123", quantity: -1, price: 1 }],
      });
      assert.equal(malformed.status, 400);
      assert.match(await malformed.text(), /quantity/);
    },
  );

  await t.test("ps, logs, traces and call answer for the running fleet", async () => {
    const ps = JSON.parse((await fleet.tusker("ps", "--json")).stdout) as {
      services: readonly { name: string; instances: readonly { state: string }[] }[];
    };
    assert.deepEqual(
      ps.services.map((service) => service.name),
      ["user-service", "order-service", "payment-service"],
    );
    assert.ok(
      ps.services.every((service) => service.instances.every((instance) => instance.state === "ready")),
    );
    assert.match((await fleet.tusker("logs", "user-service")).stdout, /user-service-001/);
    const list = await fleet.tusker("traces");
    assert.match(list.stdout, /gateway/);
    const called = await fleet.tusker("call", "user-service", "/users/123");
    assert.equal(called.code, 0);
    assert.match(called.stdout, /Ada Lovelace/);
    const missing = await fleet.tusker("call", "user-service", "/users/999");
    assert.equal(missing.code, 1);
  });

  await t.test("limits that clients of a service met are told at the control server", async () => {
    const at = `http://127.0.0.1:${lastReady(fleet, "user-service").port}/${"x".repeat(9_000)}`;
    assert.equal((await fetch(at)).status, 414);
    const up = await fleet.saw(({ type }) => type === "up");
    const text = await (await fetch(new URL("/metrics", String(up.dashboard)))).text();
    assert.match(
      text,
      /^tusker_rpc_connection_limits_total\{service="user-service",limit="target_bytes"\} 1$/m,
    );
  });

  await t.test("a second up of the same fleet is refused in one sentence", async () => {
    const again = await upFleet({ dataDir: fleet.dataDir, waitUp: false });
    assert.equal(await exited(again), 1);
    assert.match(again.stderr(), /FLEET_RUNNING/);
    await again[Symbol.asyncDispose]();
  });
});

test("an order survives a restart of the whole fleet", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "tusker-e2e-data-"));
  try {
    let id: string;
    {
      await using fleet = await upFleet({ dataDir });
      const answer = await post(`${fleet.gateway}/api/orders`, order);
      id = ((await answer.json()) as { id: string }).id;
      assert.equal(await fleet.stop(), 0);
    }
    await using fleet = await upFleet({ dataDir });
    const found = await fetch(`${fleet.gateway}/api/orders/${id}`);
    const text = await found.text();
    assert.equal(found.status, 200, text);
    assert.equal((JSON.parse(text) as { total: number }).total, 109.97);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});

test("SIGTERM drains and ends everything in under a second when idle", async () => {
  await timely(1_000, async () => {
    await using fleet = await upFleet();
    const pids = ["user-service", "order-service", "payment-service", "gateway"].map(
      (name) => lastReady(fleet, name).pid,
    );
    assert.equal(await fleet.stop(), 0);
    const stopped = fleet.told.at(-1);
    assert.equal(stopped?.type, "stopped");
    for (const pid of pids) assert.throws(() => process.kill(pid, 0));
    return Number(stopped?.tookMs);
  });
});

async function exited(fleet: {
  readonly child: {
    readonly exitCode: number | null;
    once(event: "exit", listener: (code: number | null) => void): unknown;
  };
}): Promise<number | null> {
  if (fleet.child.exitCode !== null) return fleet.child.exitCode;
  return new Promise((resolve) => fleet.child.once("exit", resolve));
}
