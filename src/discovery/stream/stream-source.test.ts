import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, seededRandom, TuskerError } from "../../kernel/index.ts";
import { httpClient, type ServerExchange, serveHttp1 } from "../../net/index.ts";
import { registryDiscovery } from "../consul-discovery.ts";

/** A registry whose streams and answers the test writes. */
async function bench(answer: (exchange: ServerExchange, write: (text: string) => void) => "stream" | number) {
  const asked: string[] = [];
  const open = new Set<() => void>();
  const server = await serveHttp1(
    async (exchange) => {
      asked.push(exchange.target);
      const queue: string[] = [];
      let wake: (() => void) | undefined;
      let over = false;
      const end = (): void => {
        over = true;
        wake?.();
      };
      const said = answer(exchange, (text) => {
        queue.push(text);
        wake?.();
      });
      if (said !== "stream") return exchange.respond({ status: said, body: "[]" });
      open.add(end);
      exchange.signal.addEventListener("abort", end, { once: true });
      async function* body(): AsyncGenerator<Uint8Array> {
        while (!over) {
          const text = queue.shift();
          if (text !== undefined) yield Buffer.from(text);
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      }
      await exchange.respond({ status: 200, headers: ["Content-Type", "text/event-stream"], body: body() });
      open.delete(end);
    },
    { port: 0 },
  );
  const http = httpClient();
  const clock = manualClock();
  const warnings: string[] = [];
  const log = { info: () => undefined, warn: (text: string) => void warnings.push(text) };
  const url = `http://127.0.0.1:${server.port}`;
  const discovery = registryDiscovery({ url, http, clock, random: seededRandom(1), log });
  return {
    asked,
    clock,
    discovery,
    warnings,
    ids: () =>
      discovery
        .known("user")
        ?.endpoints.map(({ id }) => id)
        .join(),
    breakAll() {
      for (const end of [...open]) end();
    },
    async until(so: () => boolean, stepMs = 0) {
      for (let turns = 0; turns < 20_000 && !so(); turns++) {
        await new Promise((resolve) => setImmediate(resolve));
        if (turns % 10 === 9) clock.advance(stepMs);
      }
      assert.ok(so(), `never: ${so}`);
    },
    async [Symbol.asyncDispose]() {
      for (const end of [...open]) end();
      await discovery[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const row = (id: string, node = "n") => ({ key: `${node}/${id}`, id, node, host: "10.0.0.1", port: 1 });
const event = (kind: string, id: string, data: object): string =>
  `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;

test("states and changes make the set, ids on two nodes are told apart", async () => {
  await using t = await bench((_, write) => {
    write(event("snapshot", "e-1", { put: [row("a"), row("b")] }));
    write(event("delta", "e-2", { put: [row("a", "m")], gone: ["n/b"] }));
    return "stream";
  });
  t.discovery.watch("user", () => undefined);
  await t.until(() => t.ids() === "m/a,n/a");
});

test("a stream that breaks is taken up where it was, and what is gone then is gone at once", async () => {
  await using t = await bench((exchange, write) => {
    if (exchange.target.includes("since=e-1")) write(event("delta", "e-2", { put: [], gone: ["n/b"] }));
    else write(event("snapshot", "e-1", { put: [row("a"), row("b")] }));
    return "stream";
  });
  t.discovery.watch("user", () => undefined);
  await t.until(() => t.ids() === "a,b");
  t.breakAll();
  await t.until(() => t.ids() === "a", 10);
  assert.equal(t.asked.length, 2);
});

test("a registry that begins anew takes nobody out of service before the grace is over", async () => {
  let snapshots = 0;
  await using t = await bench((_, write) => {
    write(event("snapshot", `${snapshots}-1`, { put: snapshots++ === 0 ? [row("a")] : [] }));
    return "stream";
  });
  t.discovery.watch("user", () => undefined);
  await t.until(() => t.ids() === "a");
  t.breakAll();
  await t.until(() => snapshots === 2, 10);
  await t.until(() => t.warnings.length === 1);
  assert.equal(t.ids(), "a");
  await t.until(() => t.ids() === "", 1_000);
});

test("a registry that says nothing for long is asked anew", async () => {
  await using t = await bench((_, write) => {
    write(event("snapshot", "e-1", { put: [row("a")] }));
    return "stream";
  });
  t.discovery.watch("user", () => undefined);
  await t.until(() => t.ids() === "a");
  t.clock.advance(44_000);
  assert.equal(t.asked.length, 1);
  await t.until(() => t.asked.length === 2, 500);
  assert.equal(t.ids(), "a");
});

test("a registry without streams is asked for one once, then questioned", async () => {
  await using t = await bench((exchange) => (exchange.target.startsWith("/v1/tusker/") ? 404 : 200));
  await t.discovery.lookup("user");
  await t.discovery.lookup("order");
  const tried = t.asked.filter((target) => target.startsWith("/v1/tusker/"));
  assert.deepEqual(tried, ["/v1/tusker/watch/service/user"]);
  assert.ok(t.asked.some((target) => target.startsWith("/v1/health/service/order")));
});

test("what is no state of instances, or refused, is an error of the registry", async () => {
  for (const data of ["{}", "[]", "no json", '{"put":[1]}', '{"put":[{"id":"a"}]}']) {
    await using t = await bench((_, write) => {
      write(`id: 1\nevent: snapshot\ndata: ${data}\n\n`);
      return "stream";
    });
    const is = (code: string) => (error: unknown) => error instanceof TuskerError && error.code === code;
    await assert.rejects(t.discovery.lookup("user"), is("DISCOVERY_PROTOCOL"), data);
  }
  await using denied = await bench(() => 403);
  await assert.rejects(denied.discovery.lookup("user"), { code: "DISCOVERY_PROTOCOL" });
});

test("who loses the registry together comes back one by one, later and later", async () => {
  const at: number[] = [];
  let away = false;
  await using t = await bench((_, write) => {
    if (away) {
      at.push(t.clock.now());
      return 503;
    }
    write(event("snapshot", "e-1", { put: [row("a")] }));
    return "stream";
  });
  const services = Array.from({ length: 20 }, (_, i) => `s${i}`);
  for (const name of services) t.discovery.watch(name, () => undefined);
  await t.until(() => services.every((name) => t.discovery.known(name)?.endpoints.length === 1));
  away = true;
  t.breakAll();
  await t.until(() => at.length >= 20 * 6, 5);
  // Each one's first pause is 50 to 100 ms: they do not ask in the same moment.
  const first = at.slice(0, 20);
  assert.ok(new Set(first).size >= 5, first.join());
  // After a while each pauses for seconds.
  const late = at.slice(-20);
  const span = (late.at(-1) ?? 0) - (late[0] ?? 0);
  assert.ok(span >= 500, `the last 20 questions of 20 within ${span} ms`);
});
