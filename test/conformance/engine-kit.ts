/**
 * What every engine behind the registry's interface must do, as tests. Each engine has a file that starts a real one
 * and hands it over; nothing in here knows which it is, but for what it declares itself.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type EngineOptions,
  type Kv,
  type KvEvent,
  openEngine,
  type RegistryEngine,
  type Version,
} from "../../src/discovery/index.ts";
import { systemClock, systemRandom, TuskerError } from "../../src/kernel/index.ts";
import { httpClient } from "../../src/net/index.ts";
import { until } from "../support/until.ts";

/** A registry of some kind that runs. */
export interface EnginePeer extends AsyncDisposable {
  readonly url: string;
  /** Ends every lease and session behind the clients' backs, as their deadlines would. */
  endLeases(): Promise<void>;
  /** Forgets what happened, as a long time would; what is stays. */
  forget(): Promise<void>;
}

export interface EngineKit {
  readonly name: RegistryEngine["name"];
  /** Why everything is skipped. */
  readonly skip: string | false;
  start(): Promise<EnginePeer>;
}

const silent = { info: () => undefined, warn: () => undefined };

async function open(peer: EnginePeer, own: Partial<EngineOptions> = {}) {
  const stack = new AsyncDisposableStack();
  const http = stack.use(httpClient());
  const options = { url: peer.url, http, clock: systemClock, random: systemRandom, log: silent, ...own };
  const engine = stack.use(await openEngine(options));
  return Object.assign(engine, { [Symbol.asyncDispose]: () => stack.disposeAsync() });
}

const instance = (id: string, port: number, service = "user-service") => ({
  id,
  service,
  host: "127.0.0.1",
  port,
  meta: { version: "1.0.0", grpc_port: "9090" },
  tags: ["v1", "eu"],
  weight: 3,
});

const text = (value: Uint8Array | undefined) =>
  value === undefined ? undefined : Buffer.from(value).toString();

const isCode = (code: string) => (error: unknown) => error instanceof TuskerError && error.code === code;

/** Declares the tests of one engine. */
export function engineTests({ name, skip, start }: EngineKit): void {
  const claim = (what: string, body: (peer: EnginePeer, engine: RegistryEngine) => Promise<void>): void => {
    test(`${name}: ${what}`, { skip }, async ({ signal }) => {
      const peer = await shared();
      await using engine = await open(peer);
      await body(peer, { ...engine, kv: watchedUntil(signal, engine.kv) });
    });
  };
  let running: Promise<EnginePeer> | undefined;
  const shared = (): Promise<EnginePeer> => (running ??= start());
  test.after(async () => {
    await (await running)?.[Symbol.asyncDispose]();
  });

  claim("it says what it is", async (_peer, engine) => {
    assert.equal(engine.name, name);
    assert.equal(engine.capabilities.linearizableRead, true);
    assert.ok(engine.capabilities.maxValueBytes >= 100_000);
  });

  configurationTests(claim);
  registryTests(claim);
  kvTests(claim);
  watchTests(claim);
  mutexTests(claim);
}

/** A claim that fails leaves its watches open, which would look for a registry that is gone for ever. */
function watchedUntil(ended: AbortSignal, kv: Kv): Kv {
  return {
    ...kv,
    watch: (prefix, options) =>
      kv.watch(prefix, { ...options, signal: AbortSignal.any([options.signal, ended]) }),
  };
}

type Claim = (what: string, body: (peer: EnginePeer, engine: RegistryEngine) => Promise<void>) => void;

function configurationTests(claim: Claim): void {
  claim(
    "keys are published with author and reason, and taken back, where the engine can",
    async (_, engine) => {
      const { configuration, kv } = engine;
      assert.equal(configuration !== undefined, engine.capabilities.history);
      if (configuration === undefined) return;
      const by = { author: "ada", reason: "first" };
      const first = await configuration.publish({
        ...by,
        steps: [
          { key: "conf/a", value: "1", ifVersion: "absent" },
          { key: "conf/ü b", value: "1" },
        ],
      });
      assert.ok(first.kind === "done" && first.version !== undefined, JSON.stringify(first));
      assert.deepEqual(first.written, ["conf/a", "conf/ü b"]);
      const raced = await configuration.publish({
        ...by,
        steps: [{ key: "conf/a", value: "2", ifVersion: "absent" }],
      });
      assert.deepEqual(raced, { kind: "conflict", keys: [{ key: "conf/a", found: first.version }] });
      await configuration.publish({
        author: "bob",
        reason: "second",
        steps: [{ key: "conf/a", value: undefined }],
      });
      assert.equal(await kv.get("conf/a"), undefined);
      const [gone, written] = await configuration.history("conf/a");
      assert.deepEqual([gone?.author, gone?.value, text(written?.value)], ["bob", undefined, "1"]);
      const back = await configuration.rollback({ ...by, of: { prefix: "conf/" }, to: first.version });
      assert.ok(back.kind === "done");
      assert.deepEqual(back.written, ["conf/a"]);
      assert.equal(text((await kv.get("conf/a"))?.value), "1");
      const notes = await configuration.publications("conf/");
      assert.deepEqual(
        notes.map(({ reason }) => reason),
        ["first", "second", "first"],
      );
      const lost = await configuration.rollback({ ...by, of: { key: "conf/never" }, to: first.version });
      assert.deepEqual(lost, { kind: "unknown", keys: ["conf/never"] });
      const schema = await configuration.publish({
        ...by,
        steps: [
          {
            key: "tusker/schema/conf/",
            value: '{"type":"object","additionalProperties":{"type":"integer"}}',
          },
        ],
      });
      assert.equal(schema.kind, "done");
      const refused = await configuration.publish({ ...by, steps: [{ key: "conf/a", value: "x" }] });
      assert.ok(refused.kind === "invalid");
      assert.deepEqual(
        refused.problems.map(({ key }) => key),
        ["conf/a"],
      );
      await kv.delete("tusker/schema/conf/");
    },
  );
}

function registryTests(claim: Claim): void {
  claim(
    "an instance is found with all it said of itself, and goes when its lease is closed",
    async (_, engine) => {
      const lease = await engine.registry.register(instance("u1", 8081), { leaseMs: 10_000 });
      const { endpoints } = await engine.registry.discovery.lookup("user-service");
      assert.deepEqual(endpoints, [instance("u1", 8081)]);
      using _watch = engine.registry.discovery.watch("user-service", () => undefined);
      await lease.close();
      await until(
        "nobody",
        () => engine.registry.discovery.known("user-service")?.endpoints.length === 0 || undefined,
      );
    },
  );

  claim("a service nobody serves is an empty set", async (_, engine) => {
    const { endpoints } = await engine.registry.discovery.lookup("nobody");
    assert.deepEqual(endpoints, []);
  });

  claim("only passing instances are found; a status that comes back is heard of", async (_, engine) => {
    const heard: string[] = [];
    using _watch = engine.registry.discovery.watch("status", ({ endpoints }) =>
      heard.push(endpoints.map(({ id }) => id).join()),
    );
    await using one = await engine.registry.register(instance("s1", 1, "status"), { leaseMs: 10_000 });
    await using _two = await engine.registry.register(instance("s2", 2, "status"), { leaseMs: 10_000 });
    await until("both", () => heard.at(-1) === "s1,s2" || undefined);
    await one.setStatus("critical", "out of memory");
    await until("one", () => heard.at(-1) === "s2" || undefined);
    await one.setStatus("passing");
    await until("both again", () => heard.at(-1) === "s1,s2" || undefined);
  });

  claim("another client sees the same, from whatever moment it comes", async (peer, engine) => {
    await using _one = await engine.registry.register(instance("o1", 1, "other"), { leaseMs: 10_000 });
    await using other = await open(peer);
    assert.equal((await other.registry.discovery.lookup("other")).endpoints.length, 1);
    await using _two = await other.registry.register(instance("o2", 2, "other"), { leaseMs: 10_000 });
    using _watch = engine.registry.discovery.watch("other", () => undefined);
    await until("both", () => engine.registry.discovery.known("other")?.endpoints.length === 2 || undefined);
  });

  claim("a name with any character is a name", async (_, engine) => {
    const service = "a/b ü%?";
    await using _lease = await engine.registry.register(instance("i/1 ü%?", 1, service), { leaseMs: 10_000 });
    const { endpoints } = await engine.registry.discovery.lookup(service);
    assert.deepEqual(
      endpoints.map(({ id }) => id),
      ["i/1 ü%?"],
    );
  });
}

function kvTests(claim: Claim): void {
  claim("what is put is read, bytes as they were, and deleted", async (_, { kv }) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const version = await kv.put("kv/bytes", bytes);
    const entry = await kv.get("kv/bytes");
    assert.deepEqual(
      [entry?.key, entry?.version, [...(entry?.value ?? [])]],
      ["kv/bytes", version, [...bytes]],
    );
    assert.equal(await kv.delete("kv/bytes"), true);
    assert.equal(await kv.get("kv/bytes"), undefined);
    assert.equal(await kv.delete("kv/bytes"), true, "what is not there is deleted already");
  });

  claim("an empty value and a key of any character are kept", async (_, { kv }) => {
    const key = "kv/ü %?&=+#/x";
    await kv.put(key, "");
    assert.equal(text((await kv.get(key))?.value), "");
    assert.deepEqual(
      (await kv.list("kv/ü %?&")).entries.map((entry) => entry.key),
      [key],
    );
  });

  claim("a list holds what begins so, in order, and nothing else", async (_, { kv }) => {
    for (const key of ["ls/b", "ls/a", "ls/a/c", "lsx", "l"]) await kv.put(key, key);
    const { entries } = await kv.list("ls/");
    assert.deepEqual(
      entries.map(({ key, value }) => [key, text(value)]),
      [
        ["ls/a", "ls/a"],
        ["ls/a/c", "ls/a/c"],
        ["ls/b", "ls/b"],
      ],
    );
    assert.deepEqual((await kv.list("ls/nothing")).entries, []);
  });

  claim("a write on condition happens exactly when the key is as it was", async (_, { kv }) => {
    const first = await kv.put("cas/a", "1", { ifVersion: "absent" });
    assert.ok(first !== undefined);
    assert.equal(await kv.put("cas/a", "2", { ifVersion: "absent" }), undefined);
    const second = await kv.put("cas/a", "2", { ifVersion: first });
    assert.ok(second !== undefined && second !== first);
    assert.equal(await kv.put("cas/a", "3", { ifVersion: first }), undefined);
    assert.equal(await kv.delete("cas/a", { ifVersion: first }), false);
    assert.equal(text((await kv.get("cas/a"))?.value), "2");
    assert.equal(await kv.delete("cas/a", { ifVersion: second }), true);
    assert.ok((await kv.put("cas/a", "4", { ifVersion: "absent" })) !== undefined);
  });

  claim("of many who write on the same condition one wins", async (_, { kv }) => {
    const from = await kv.put("cas/race", "0");
    assert.ok(from !== undefined);
    const won = await Promise.all(
      Array.from({ length: 10 }, (_, i) => kv.put("cas/race", String(i + 1), { ifVersion: from })),
    );
    assert.equal(won.filter((version) => version !== undefined).length, 1);
  });

  claim("a transaction happens as a whole or not at all", async (_, { kv }) => {
    const a = (await kv.put("txn/a", "1")) ?? assert.fail();
    const steps = (version: Version | "absent") =>
      [
        { kind: "check", key: "txn/a", version },
        { kind: "check", key: "txn/new", version: "absent" },
        { kind: "put", key: "txn/new", value: "new" },
        { kind: "delete", key: "txn/a" },
      ] as const;
    assert.equal(await kv.txn(steps("absent")), false);
    assert.deepEqual(
      (await kv.list("txn/")).entries.map(({ key }) => key),
      ["txn/a"],
    );
    assert.equal(await kv.txn(steps(a)), true);
    assert.deepEqual(
      (await kv.list("txn/")).entries.map(({ key }) => key),
      ["txn/new"],
    );
    assert.equal(await kv.txn(steps(a)), false);
  });

  claim(
    "a value up to the declared size is taken, a larger one refused before it is sent",
    async (_, engine) => {
      const { maxValueBytes } = engine.capabilities;
      await engine.kv.put("big", Buffer.alloc(maxValueBytes, 1));
      assert.equal((await engine.kv.get("big"))?.value.byteLength, maxValueBytes);
      await assert.rejects(
        engine.kv.put("big", Buffer.alloc(maxValueBytes + 1)),
        isCode("DISCOVERY_TOO_LARGE"),
      );
      await engine.kv.delete("big");
    },
  );

  claim("a transaction of as many steps as declared is taken, a longer one refused", async (_, engine) => {
    const { maxTxnSteps } = engine.capabilities;
    const steps = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ kind: "put", key: `steps/${i}`, value: "1" }) as const);
    assert.equal(await engine.kv.txn(steps(maxTxnSteps)), true);
    await assert.rejects(engine.kv.txn(steps(maxTxnSteps + 1)), isCode("DISCOVERY_TOO_LARGE"));
    assert.equal((await engine.kv.list("steps/")).entries.length, maxTxnSteps);
  });

  claim(
    "what is no version of a key is refused, and never taken for a key that is absent",
    async (_, { kv }) => {
      const ifVersion = "1a2b3c4d-17";
      await assert.rejects(kv.put("odd", "1", { ifVersion }), isCode("DISCOVERY_PROTOCOL"));
      await assert.rejects(kv.delete("odd", { ifVersion }), isCode("DISCOVERY_PROTOCOL"));
      const check = { kind: "check", key: "odd", version: ifVersion } as const;
      await assert.rejects(
        kv.txn([check, { kind: "put", key: "odd", value: "1" }]),
        isCode("DISCOVERY_PROTOCOL"),
      );
      assert.equal(await kv.get("odd"), undefined);
    },
  );
}

/** Gathers what a watch says. */
function gather(events: AsyncIterable<KvEvent>) {
  const heard: KvEvent[] = [];
  const state = new Map<string, string>();
  const done = (async () => {
    for await (const event of events) {
      if (event.snapshot) state.clear();
      for (const { key, value } of event.put) state.set(key, text(value) ?? "");
      for (const key of event.gone) state.delete(key);
      heard.push(event);
    }
  })();
  return { heard, state, done };
}

function watchTests(claim: Claim): void {
  claim(
    "a watch begins with what is there, goes on with what changes, and ends when told",
    async (_, { kv }) => {
      await kv.put("w1/a", "1");
      const stop = new AbortController();
      const seen = gather(kv.watch("w1/", { signal: stop.signal }));
      await until("the snapshot", () => seen.heard.length === 1 || undefined);
      assert.equal(seen.heard[0]?.snapshot, true);
      await kv.put("w1/b", "2");
      await kv.put("elsewhere", "x");
      await kv.delete("w1/a");
      await until("both", () => JSON.stringify([...seen.state]) === '[["w1/b","2"]]' || undefined);
      assert.ok(seen.heard.every(({ snapshot }, i) => snapshot === (i === 0)));
      stop.abort();
      await seen.done;
    },
  );

  claim("a hundred changes while it is watched leave what is true", async (_, { kv }) => {
    const stop = new AbortController();
    const seen = gather(kv.watch("w2/", { signal: stop.signal }));
    await until("the snapshot", () => seen.heard.length === 1 || undefined);
    const write = async (i: number): Promise<void> => {
      if (i % 7 === 3) await kv.delete(`w2/${(i - 1) % 5}`);
      else await kv.put(`w2/${i % 5}`, String(i));
    };
    for (let i = 0; i < 100; i++) await write(i);
    const { entries } = await kv.list("w2/");
    const truth = JSON.stringify(entries.map(({ key, value }) => [key, text(value)]));
    await until("the end", () => JSON.stringify([...seen.state].sort()) === truth || undefined);
    stop.abort();
    await seen.done;
  });

  claim("a watch from a version says what came after it, where the engine can", async (_, engine) => {
    const { kv, capabilities } = engine;
    const first = new AbortController();
    await kv.put("w3/a", "1");
    const seen = gather(kv.watch("w3/", { signal: first.signal }));
    await until("the snapshot", () => seen.heard.length === 1 || undefined);
    await kv.put("w3/b", "1");
    const at = await until("the change", () => seen.heard[1]);
    await kv.put("w3/c", "1");
    await until("another", () => seen.state.has("w3/c") || undefined);
    const second = new AbortController();
    const later = gather(kv.watch("w3/", { signal: second.signal, since: at.version }));
    await until("c", () => later.state.has("w3/c") || undefined);
    if (capabilities.resumableWatch) {
      assert.deepEqual(
        later.heard.map(({ snapshot }) => snapshot),
        [false],
      );
      assert.deepEqual([...later.state.keys()], ["w3/c"]);
    } else assert.equal(later.heard[0]?.snapshot, true);
    first.abort();
    second.abort();
    await Promise.all([seen.done, later.done]);
  });

  claim("a version that is no longer known begins with what is there", async (peer, { kv }) => {
    const stop = new AbortController();
    const seen = gather(kv.watch("w4/", { signal: stop.signal }));
    const { version } = await until("the snapshot", () => seen.heard[0]);
    stop.abort();
    await seen.done;
    await kv.put("w4/a", "1");
    await kv.put("w4/b", "1");
    await kv.delete("w4/a");
    await peer.forget();
    const again = new AbortController();
    const later = gather(kv.watch("w4/", { signal: again.signal, since: version }));
    await until("b", () => later.state.has("w4/b") || undefined);
    assert.equal(later.heard[0]?.snapshot, true);
    await kv.put("w4/c", "1");
    await until("and goes on", () => later.state.has("w4/c") || undefined);
    again.abort();
    await later.done;
  });
}

function mutexTests(claim: Claim): void {
  const leaseMs = 10_000;

  claim("a name is held by one at a time, and each holder has a higher token", async (peer, engine) => {
    await using other = await open(peer);
    const first = await engine.mutex.acquire("m1", { leaseMs });
    assert.equal(await other.mutex.tryAcquire("m1", { leaseMs }), undefined);
    const waiting = other.mutex.acquire("m1", { leaseMs });
    await first.release();
    await using second = await waiting;
    assert.ok(second.fencingToken > first.fencingToken, `${second.fencingToken} > ${first.fencingToken}`);
    assert.equal(await engine.mutex.tryAcquire("m1", { leaseMs }), undefined);
    await using another = await engine.mutex.tryAcquire("m1/other", { leaseMs });
    assert.ok(another !== undefined);
  });

  claim("many who want a name have it one after the other", async (_, { mutex }) => {
    let holders = 0;
    const tokens: bigint[] = [];
    const work = async (): Promise<void> => {
      await using held = await mutex.acquire("m2", { leaseMs });
      assert.equal(++holders, 1);
      tokens.push(held.fencingToken);
      await new Promise((resolve) => setImmediate(resolve));
      holders--;
    };
    await Promise.all(Array.from({ length: 6 }, work));
    assert.deepEqual(
      tokens,
      [...tokens].sort((a, b) => (a < b ? -1 : 1)),
    );
    assert.equal(new Set(tokens).size, 6);
  });

  claim("who waits can stop waiting, and leaves nothing behind", async (_, { mutex }) => {
    const held = await mutex.acquire("m3", { leaseMs });
    const stop = new AbortController();
    const waiting = mutex.acquire("m3", { leaseMs, signal: stop.signal });
    stop.abort();
    await assert.rejects(waiting, isCode("KERNEL_ABORTED"));
    await held.release();
    await held.release();
    await using again = await mutex.acquire("m3", { leaseMs });
    assert.ok(again.fencingToken > held.fencingToken);
  });

  claim(
    "a holder whose lease ended behind its back learns of it, and the next token is higher",
    async (peer, engine) => {
      const short = engine.capabilities.minLeaseMs;
      const held = await engine.mutex.acquire("m4", { leaseMs: Math.min(short, 10_000) });
      const gone = new Promise<void>((resolve) =>
        held.lost.addEventListener("abort", () => resolve(), { once: true }),
      );
      await peer.endLeases();
      await using next = await engine.mutex.acquire("m4", { leaseMs });
      assert.ok(next.fencingToken > held.fencingToken);
      await gone;
      assert.ok(isCode("DISCOVERY_LEASE_LOST")(held.lost.reason));
      await held.release();
      assert.equal(
        await engine.mutex.tryAcquire("m4", { leaseMs }),
        undefined,
        "the old release frees nobody else's",
      );
    },
  );
}
