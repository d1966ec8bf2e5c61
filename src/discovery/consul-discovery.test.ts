import assert from "node:assert/strict";
import { test } from "node:test";
import { type ManualClock, manualClock, seededRandom, TuskerError } from "../kernel/index.ts";
import { type HttpClient, httpClient, type Server, type ServerExchange, serveHttp1 } from "../net/index.ts";
import { consulDiscovery } from "./consul-discovery.ts";
import type { Discovery } from "./discovery.ts";
import type { EndpointSet } from "./endpoint.ts";

/** A registry that says what the test tells it to say. */
interface Peer extends AsyncDisposable {
  readonly url: string;
  /** Targets of all questions so far. */
  readonly asked: string[];
  readonly waiting: number;
  say(index: string, ...ports: number[]): void;
  /** Answers everything with this status; undefined ends it. */
  fail(status: number | undefined): void;
  stop(): Promise<void>;
  start(): Promise<void>;
}

async function peer(): Promise<Peer> {
  let index = "1";
  let ports: number[] = [];
  let failing: number | undefined;
  const asked: string[] = [];
  const waiting = new Set<() => void>();
  const handler = async (exchange: ServerExchange): Promise<void> => {
    asked.push(exchange.target);
    const after = new URL(exchange.target, "http://x").searchParams.get("index");
    if (failing === undefined && after === index) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      exchange.signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      waiting.delete(resolve);
    }
    const body = ports.map((port) => ({
      Node: { Node: "n", Address: "127.0.0.1" },
      Service: { ID: `u${port}`, Service: "user", Address: "", Port: port },
    }));
    await exchange.respond({
      status: failing ?? 200,
      headers: ["X-Consul-Index", index],
      body: failing === undefined ? JSON.stringify(body) : "no leader",
    });
  };
  let server: Server | undefined = await serveHttp1(handler, { port: 0, halfClosedTimeoutMs: 0 });
  const { port } = server;
  const wake = (): void => {
    for (const answer of waiting) answer();
  };
  const stop = async (): Promise<void> => {
    const closing = server?.drain(0);
    server = undefined;
    wake();
    await closing;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    get waiting() {
      return waiting.size;
    },
    say(next, ...list) {
      index = next;
      ports = list;
      wake();
    },
    fail(status) {
      failing = status;
      wake();
    },
    stop,
    async start() {
      server = await serveHttp1(handler, { port, halfClosedTimeoutMs: 0 });
    },
    [Symbol.asyncDispose]: stop,
  };
}

interface Bench extends AsyncDisposable {
  readonly discovery: Discovery;
  readonly clock: ManualClock;
  readonly http: HttpClient;
  readonly warnings: string[];
  readonly infos: string[];
  /** Lets events happen, and time pass, until it is so. */
  until(so: () => boolean, stepMs?: number): Promise<void>;
  /** Lets events happen without letting time pass. */
  settle(): Promise<void>;
}

function bench(url: string, options: { readonly updateIntervalMs?: number } = {}): Bench {
  const clock = manualClock();
  const http = httpClient();
  const warnings: string[] = [];
  const infos: string[] = [];
  const log = {
    info: (message: string) => void infos.push(message),
    warn: (message: string) => void warnings.push(message),
  };
  const discovery = consulDiscovery({ url, http, clock, random: seededRandom(1), log, ...options });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    discovery,
    clock,
    http,
    warnings,
    infos,
    async until(so, stepMs = 50) {
      for (let turns = 0; turns < 20_000; turns++) {
        if (so()) return;
        await turn();
        if (turns % 10 === 9) clock.advance(stepMs);
      }
      assert.fail(`never: ${so}`);
    },
    async settle() {
      for (let turns = 0; turns < 50; turns++) await turn();
    },
    async [Symbol.asyncDispose]() {
      await discovery[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
    },
  };
}

const portsOf = (set: EndpointSet | undefined): number[] | undefined =>
  set?.endpoints.map(({ port }) => port).sort((a, b) => a - b);

test("a lookup is the registry's first answer, and known from then on", async () => {
  await using registry = await peer();
  registry.say("7", 8081, 8082);
  await using t = bench(registry.url);
  assert.equal(t.discovery.known("user"), undefined);
  const set = await t.discovery.lookup("user");
  assert.deepEqual(portsOf(set), [8081, 8082]);
  assert.equal(t.discovery.known("user"), set);
  assert.match(registry.asked[0] ?? "", /^\/v1\/health\/service\/user\?passing=1&index=0&wait=30000ms$/);
});

test("update_interval is how long each question stays open", async () => {
  await using registry = await peer();
  await using t = bench(registry.url, { updateIntervalMs: 90_000 });
  await t.discovery.lookup("user");
  assert.match(registry.asked[0] ?? "", /wait=90000ms$/);
});

test("a change reaches the listeners without a timer, once", async () => {
  await using registry = await peer();
  registry.say("7", 8081);
  await using t = bench(registry.url);
  const heard: (number[] | undefined)[] = [];
  t.discovery.watch("user", (set) => heard.push(portsOf(set)));
  await t.until(() => registry.waiting === 1);
  registry.say("9", 8081, 8082);
  await t.until(() => heard.length === 2);
  assert.deepEqual(heard, [[8081], [8081, 8082]]);
  await t.until(() => registry.waiting === 1);
  assert.match(registry.asked.at(-1) ?? "", /index=9&/);
});

test("one question is open per service, however many listen", async () => {
  await using registry = await peer();
  registry.say("7", 8081);
  await using t = bench(registry.url);
  let heard = 0;
  for (let i = 0; i < 20; i++) t.discovery.watch("user", () => void heard++);
  await t.discovery.lookup("user");
  await t.until(() => registry.waiting === 1);
  await t.settle();
  assert.equal(registry.waiting, 1);
  assert.equal(heard, 20);
});

test("an answer with a new index but the same endpoints is no change", async () => {
  await using registry = await peer();
  registry.say("7", 8081);
  await using t = bench(registry.url);
  const heard: EndpointSet[] = [];
  t.discovery.watch("user", (set) => heard.push(set));
  await t.until(() => registry.waiting === 1);
  registry.say("8", 8081);
  await t.until(() => registry.asked.length >= 3 && registry.waiting === 1);
  assert.equal(heard.length, 1);
});

test("the name of a service is encoded", async () => {
  await using registry = await peer();
  await using t = bench(registry.url);
  await t.discovery.lookup("a/b ?c");
  assert.match(registry.asked[0] ?? "", /\/v1\/health\/service\/a%2Fb%20%3Fc\?/);
});

test("while the registry is away the last set stays in use and is not told again", async () => {
  await using registry = await peer();
  registry.say("7", 8081);
  await using t = bench(registry.url);
  const heard: (number[] | undefined)[] = [];
  t.discovery.watch("user", (set) => heard.push(portsOf(set)));
  await t.until(() => registry.waiting === 1);
  await registry.stop();
  await t.until(() => t.warnings.length === 1);
  await t.until(() => t.clock.now() > 60_000, 5_000);
  assert.deepEqual(heard, [[8081]]);
  assert.deepEqual(portsOf(await t.discovery.lookup("user")), [8081]);
  assert.equal(t.warnings.length, 1, "an outage is reported once, not at each attempt");
});

test("a registry that comes back empty empties nothing until the grace is over", async () => {
  await using registry = await peer();
  registry.say("700", 8081, 8082);
  await using t = bench(registry.url);
  t.discovery.watch("user", () => undefined);
  await t.discovery.lookup("user");
  await t.until(() => registry.waiting === 1);
  await registry.stop();
  await t.until(() => t.warnings.length === 1);
  registry.say("3");
  await registry.start();
  await t.until(() => t.infos.length === 1);
  assert.deepEqual(portsOf(t.discovery.known("user")), [8081, 8082]);
  registry.say("4", 8082, 8083);
  await t.until(() => (portsOf(t.discovery.known("user")) ?? []).includes(8083));
  assert.deepEqual(portsOf(t.discovery.known("user")), [8081, 8082, 8083]);
  t.clock.advance(15_000);
  assert.deepEqual(portsOf(t.discovery.known("user")), [8082, 8083], "what never came back is gone at last");
});

test("the grace also holds when only the index went backwards", async () => {
  await using registry = await peer();
  registry.say("700", 8081);
  await using t = bench(registry.url);
  t.discovery.watch("user", () => undefined);
  await t.discovery.lookup("user");
  await t.until(() => registry.waiting === 1);
  registry.say("5");
  await t.until(() => registry.asked.some((target) => target.includes("index=5&")));
  assert.deepEqual(portsOf(t.discovery.known("user")), [8081]);
  assert.match(registry.asked.at(-2) ?? "", /index=0&/, "it started over");
  t.clock.advance(15_000);
  assert.deepEqual(portsOf(t.discovery.known("user")), []);
});

test("without an outage a removal counts at once", async () => {
  await using registry = await peer();
  registry.say("7", 8081, 8082);
  await using t = bench(registry.url);
  await t.discovery.lookup("user");
  await t.until(() => registry.waiting === 1);
  registry.say("8", 8082);
  await t.until(() => portsOf(t.discovery.known("user"))?.length === 1);
  assert.deepEqual(portsOf(t.discovery.known("user")), [8082]);
});

test("a lookup fails with a retryable code when the registry cannot be asked and nothing is known", async () => {
  const registry = await peer();
  await registry.stop();
  await using t = bench(registry.url);
  await assert.rejects(t.discovery.lookup("user"), (error) => {
    assert.ok(error instanceof TuskerError);
    assert.equal(error.code, "DISCOVERY_UNREACHABLE");
    return error.row.retryable;
  });
});

test("a lookup after a failure waits for the next attempt and gets its answer", async () => {
  await using registry = await peer();
  registry.fail(500);
  await using t = bench(registry.url);
  await assert.rejects(t.discovery.lookup("user"), TuskerError);
  registry.fail(undefined);
  registry.say("7", 8081);
  let set: EndpointSet | undefined;
  const looking = t.discovery.lookup("user").then((found) => {
    set = found;
  });
  await t.until(() => set !== undefined);
  await looking;
  assert.deepEqual(portsOf(set), [8081]);
});

test("attempts come with growing pauses, five seconds at most", async () => {
  await using registry = await peer();
  registry.fail(503);
  await using t = bench(registry.url);
  t.discovery.watch("user", () => undefined);
  await t.until(() => t.clock.now() >= 60_000, 250);
  const attempts = registry.asked.length;
  assert.ok(attempts >= 12 && attempts <= 32, `${attempts} attempts in a minute`);
});

test("the last one who leaves ends the watch, unless somebody comes within a second", async () => {
  await using registry = await peer();
  registry.say("7", 8081);
  await using t = bench(registry.url);
  const one = t.discovery.watch("user", () => undefined);
  const two = t.discovery.watch("user", () => undefined);
  await t.until(() => registry.waiting === 1);
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  t.clock.advance(1_000);
  await t.settle();
  assert.equal(registry.waiting, 1, "one listener is left");
  two[Symbol.dispose]();
  t.clock.advance(999);
  await t.discovery.lookup("user");
  t.clock.advance(999);
  await t.settle();
  assert.equal(registry.waiting, 1, "the lookup came in time");
  t.clock.advance(1);
  await t.until(() => registry.waiting === 0);
  assert.equal(t.discovery.known("user"), undefined);
  assert.equal(t.clock.pending, 0);
  registry.say("8", 8082);
  assert.deepEqual(portsOf(await t.discovery.lookup("user")), [8082], "a new watch begins from the start");
  assert.match(registry.asked.at(-1) ?? "", /index=0/);
});

test("a registry that answers every question at once is asked 20 times a second at most", async () => {
  await using registry = await peer();
  await using t = bench(registry.url);
  let index = 1;
  t.discovery.watch("user", () => undefined);
  await t.until(() => {
    registry.say(String(++index), 8081);
    return t.clock.now() >= 2_000;
  }, 10);
  assert.ok(registry.asked.length <= 43, `${registry.asked.length} questions in two seconds`);
  assert.ok(registry.asked.length >= 20, `${registry.asked.length} questions in two seconds`);
});

test("an answer that cannot be read keeps the last set", async () => {
  await using registry = await peer();
  registry.say("7", 8081);
  await using t = bench(registry.url);
  await t.discovery.lookup("user");
  await t.until(() => registry.waiting === 1);
  registry.say("8", Number.NaN);
  await t.until(() => t.warnings.length === 1);
  assert.deepEqual(portsOf(t.discovery.known("user")), [8081]);
});

test("a lookup ends with its signal, and following goes on", async () => {
  await using registry = await peer();
  registry.fail(500);
  await using t = bench(registry.url);
  await assert.rejects(t.discovery.lookup("user"), TuskerError);
  const ending = new AbortController();
  const looking = t.discovery.lookup("user", ending.signal);
  ending.abort();
  await assert.rejects(looking, (error) => error instanceof TuskerError && error.code === "KERNEL_ABORTED");
  registry.fail(undefined);
  registry.say("7", 8081);
  await t.until(() => t.discovery.known("user") !== undefined);
});

test("closing ends the open questions and leaves no timer behind", async () => {
  await using registry = await peer();
  registry.say("7", 8081);
  const t = bench(registry.url);
  await t.discovery.lookup("user");
  await t.until(() => registry.waiting === 1);
  await t.discovery[Symbol.asyncDispose]();
  await t.until(() => registry.waiting === 0);
  assert.equal(t.clock.pending, 0);
  await assert.rejects(
    t.discovery.lookup("other"),
    (error) => error instanceof TuskerError && error.code === "KERNEL_ABORTED",
  );
  await t[Symbol.asyncDispose]();
});

test("a registry that says goodbye and comes back empty takes nobody out of service before the grace is over", async () => {
  let answers = 0;
  await using server = await serveHttp1(
    (exchange) => {
      const [index, headers, ports] = (
        [
          ["5", [], [1]],
          ["6", ["Connection", "close"], [1]],
          ["7", [], []],
        ] as const
      )[Math.min(answers++, 2)] ?? ["7", [], []];
      const body = ports.map((port) => ({
        Node: { Node: "n", Address: "127.0.0.1" },
        Service: { ID: `u${port}`, Service: "user", Address: "", Port: port },
      }));
      return exchange.respond({
        status: 200,
        headers: ["X-Consul-Index", index, ...headers],
        body: JSON.stringify(body),
      });
    },
    { port: 0 },
  );
  await using t = bench(`http://127.0.0.1:${server.port}`);
  t.discovery.watch("user", () => undefined);
  await t.until(() => answers > 3);
  assert.equal(t.discovery.known("user")?.endpoints.length, 1);
  await t.until(() => t.discovery.known("user")?.endpoints.length === 0, 1_000);
});
