import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bench as openBench } from "../fixture.test.ts";

interface Event {
  readonly event: string;
  readonly id: string;
  readonly data: {
    readonly put: readonly { key: string; Key: string; port: number }[];
    readonly gone?: readonly string[];
  };
}

/** A stream with everything heard on it so far. */
interface Heard extends AsyncDisposable {
  readonly status: number;
  readonly events: Event[];
  readonly comments: number;
  readonly ended: boolean;
}

async function bench() {
  const t = await openBench();
  const watch = async (path: string, headers: readonly string[] = []): Promise<Heard> => {
    const leave = new AbortController();
    const url = `${t.registry.url}/v1/tusker/watch/${path}`;
    const answer = await t.http.request({ method: "GET", url, headers, signal: leave.signal });
    const heard = { status: answer.status, events: [] as Event[], comments: 0, ended: false };
    const read = async (): Promise<void> => {
      let text = "";
      for await (const chunk of answer.body) {
        text += new TextDecoder().decode(chunk);
        const parts = text.split("\n\n");
        text = parts.pop() ?? "";
        for (const part of parts) {
          const [, id, event, data] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(part) ?? [];
          if (data === undefined) heard.comments++;
          else heard.events.push({ id: id ?? "", event: event ?? "", data: JSON.parse(data) });
        }
      }
      heard.ended = true;
    };
    const done = read().catch(() => undefined);
    return Object.assign(heard, {
      async [Symbol.asyncDispose]() {
        leave.abort();
        await done;
      },
    });
  };
  const register = (id: string, port: number, status = "passing") =>
    t.put("/v1/agent/service/register?replace-existing-checks=1", {
      ID: id,
      Name: "user",
      Port: port,
      Address: "10.0.0.1",
      Check: { TTL: "60s", Status: status },
    });
  return { ...t, watch, register, [Symbol.asyncDispose]: () => t[Symbol.asyncDispose]() };
}

test("a stream begins with all there is and goes on with what changes", async () => {
  await using t = await bench();
  await t.register("u1", 1);
  await using heard = await t.watch("service/user");
  await t.until(() => heard.events.length === 1);
  assert.equal(heard.events[0]?.event, "snapshot");
  assert.deepEqual(heard.events[0]?.data.put, [
    { key: "n1/u1", id: "u1", node: "n1", host: "10.0.0.1", port: 1, meta: {}, tags: [], weight: 1 },
  ]);
  await t.register("u2", 2);
  await t.until(() => heard.events.length === 2);
  assert.deepEqual(
    [heard.events[1]?.event, heard.events[1]?.data.put.map(({ key }) => key)],
    ["delta", ["n1/u2"]],
  );
  await t.put("/v1/agent/check/fail/service:u1");
  await t.until(() => heard.events.length === 3);
  assert.deepEqual(heard.events[2]?.data, { put: [], gone: ["n1/u1"] });
});

test("nothing is heard of what does not concern the reader", async () => {
  await using t = await bench();
  await t.register("u1", 1);
  await using heard = await t.watch("service/user");
  await t.put("/v1/kv/a", "1");
  await t.put("/v1/agent/service/register", { Name: "order", Port: 1 });
  await t.put("/v1/agent/check/warn/service:u1");
  await t.put("/v1/agent/check/fail/service:u1");
  await t.register("u3", 3);
  await t.until(() => heard.events.at(-1)?.data.put[0]?.key === "n1/u3");
  assert.deepEqual(
    heard.events.map(({ event, data }) => [event, data.put.length, data.gone?.length ?? 0]),
    [
      ["snapshot", 1, 0],
      ["delta", 0, 1],
      ["delta", 1, 0],
    ],
  );
});

test("who comes back with a version hears what it missed, or that it missed nothing", async () => {
  await using t = await bench();
  await using stays = await t.watch("service/user");
  await t.register("u1", 1);
  await t.until(() => stays.events.length === 2);
  const since = stays.events[1]?.id ?? "";
  await using current = await t.watch(`service/user?since=${since}`);
  await t.until(() => current.events.length === 1);
  assert.deepEqual([current.events[0]?.event, current.events[0]?.id], ["current", since]);
  await t.register("u2", 2);
  await t.register("u3", 3);
  await t.until(() => stays.events.length === 4);
  await using missed = await t.watch("service/user", ["Last-Event-ID", since]);
  await t.until(() => missed.events.length === 2);
  assert.deepEqual(missed.events, stays.events.slice(2));
});

test("who was the only reader, and comes back, hears what it missed as well", async () => {
  await using t = await bench();
  await t.put("/v1/kv/c/a", "1");
  await t.put("/v1/kv/c/b", "1");
  for (const id of ["u1", "u2", "u3"]) await t.register(id, 1);
  const versions: string[] = [];
  for (const path of ["kv/c/", "service/user"]) {
    await using alone = await t.watch(path);
    await t.until(() => alone.events.length === 1);
    versions.push(alone.events[0]?.id ?? "");
  }
  await t.until(() => t.registry.stats.watching === 0);
  await t.put("/v1/kv/c/a", "2");
  await t.put("/v1/kv/elsewhere", "1");
  assert.equal((await t.ask("DELETE", "/v1/kv/c/b")).status, 200);
  await t.put("/v1/agent/service/deregister/u1");
  await t.put("/v1/agent/check/fail/service:u2");
  await t.register("u4", 4);
  await using keys = await t.watch(`kv/c/?since=${versions[0]}`);
  await using users = await t.watch(`service/user?since=${versions[1]}`);
  await t.until(() => keys.events.length === 1 && users.events.length === 1);
  const [key, user] = [keys.events[0], users.events[0]];
  assert.deepEqual(
    [key?.event, key?.data.put.map(({ Key }) => Key), key?.data.gone],
    ["delta", ["c/a"], ["c/b"]],
  );
  assert.deepEqual(
    [user?.event, user?.data.put.map((one) => one.key), user?.data.gone?.toSorted()],
    ["delta", ["n1/u3", "n1/u4"], ["n1/u1", "n1/u2"]],
  );
  await t.put("/v1/kv/c/d", "1");
  await t.until(() => keys.events.length === 2);
  assert.deepEqual(
    [keys.events[1]?.event, keys.events[1]?.data.put.map(({ Key }) => Key)],
    ["delta", ["c/d"]],
  );
});

test("who was away for more than a thousand changes begins with all there is", async () => {
  await using t = await bench();
  let since = "";
  {
    await using alone = await t.watch("kv/c/");
    await t.until(() => alone.events.length === 1);
    since = alone.events[0]?.id ?? "";
  }
  await t.until(() => t.registry.stats.watching === 0);
  const writes = Array.from({ length: 1_001 }, (_, n) => t.put(`/v1/kv/c/${n % 3}`, String(n)));
  await Promise.all(writes);
  await using back = await t.watch(`kv/c/?since=${since}`);
  await t.until(() => back.events.length === 1);
  assert.deepEqual([back.events[0]?.event, back.events[0]?.data.put.length], ["snapshot", 3]);
});

test("a version of nobody, of another process or of long ago begins with all there is", async () => {
  await using t = await bench();
  await t.register("u1", 1);
  for (const since of ["", "junk", "00000000-1", "1", "9".repeat(40), "%00"]) {
    await using heard = await t.watch(`service/user?since=${since}`);
    await t.until(() => heard.events.length === 1);
    assert.deepEqual([heard.events[0]?.event, heard.events[0]?.data.put.length], ["snapshot", 1], since);
  }
});

test("keys are watched alike, with their values and their ends", async () => {
  await using t = await bench();
  await t.put("/v1/kv/app/a", "one");
  await using heard = await t.watch("kv/app/");
  await t.until(() => heard.events.length === 1);
  await t.put("/v1/kv/other", "x");
  await t.put("/v1/kv/app/b", "two");
  await t.ask("DELETE", "/v1/kv/app/a");
  await t.until(() => heard.events.length === 3);
  assert.deepEqual(
    heard.events.map(({ data }) => [data.put.map(({ Key }) => Key), data.gone ?? []]),
    [
      [["app/a"], []],
      [["app/b"], []],
      [[], ["app/a"]],
    ],
  );
});

test("changes of one moment share a frame, and all readers share its bytes", async () => {
  await using t = await bench();
  await using one = await t.watch("kv/");
  await using two = await t.watch("kv/");
  await t.until(() => one.events.length === 1 && two.events.length === 1);
  const ops = Array.from({ length: 20 }, (_, i) => ({ KV: { Verb: "set", Key: `k${i}`, Value: "eA==" } }));
  await t.put("/v1/txn", ops);
  await t.until(() => one.events.length === 2 && two.events.length === 2);
  assert.equal(one.events[1]?.data.put.length, 20);
  assert.deepEqual(one.events, two.events);
});

test("a silent stream says every quarter of a minute that it is alive", async () => {
  await using t = await bench();
  await using heard = await t.watch("service/user");
  await t.until(() => heard.events.length === 1);
  t.clock.advance(15_000);
  await t.until(() => heard.comments === 1);
});

test("streams are bounded and counted, and leave nothing behind", async () => {
  const t = await openBench({ maxWaiting: 1 });
  const leave = new AbortController();
  const url = `${t.registry.url}/v1/tusker/watch/service/user`;
  const first = await t.http.request({ method: "GET", url, signal: leave.signal });
  assert.equal(first.status, 200);
  const second = await t.ask("GET", "/v1/tusker/watch/service/user");
  assert.equal(second.status, 429);
  leave.abort();
  await first.bytes(1_000).catch(() => undefined);
  await t.until(() => t.registry.stats.watching === 0);
  await t[Symbol.asyncDispose]();
});

test("a registry that stops ends its streams", async () => {
  await using t = await bench();
  await using heard = await t.watch("service/user");
  await t.until(() => heard.events.length === 1);
  await t.registry.drain(5_000);
  await t.until(() => heard.ended);
});

test("a wrong path or verb is refused", async () => {
  await using t = await bench();
  assert.equal((await t.ask("GET", "/v1/tusker/watch/service/")).status, 400);
  assert.equal((await t.ask("PUT", "/v1/tusker/watch/service/user")).status, 405);
  assert.equal((await t.ask("GET", "/v1/tusker/watch/")).status, 404);
});

const step = fc.oneof(
  fc.record({
    kind: fc.constant("up" as const),
    id: fc.constantFrom("u1", "u2", "u3"),
    port: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({
    kind: fc.constant("down" as const),
    id: fc.constantFrom("u1", "u2", "u3"),
    port: fc.constant(0),
  }),
  fc.record({ kind: fc.constant("come" as const), id: fc.constant(""), port: fc.constant(0) }),
);

test("whatever happens and whoever joins when, each reader's states and changes add up to what is true", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      await using t = await bench();
      await using stack = new AsyncDisposableStack();
      const readers = [stack.use(await t.watch("service/user"))];
      const truth = new Map<string, number>();
      for (const { kind, id, port } of steps) {
        if (kind === "come") {
          const since = readers[0]?.events.at(-1)?.id ?? "";
          readers.push(
            stack.use(await t.watch(`service/user?since=${readers.length % 2 === 0 ? since : ""}`)),
          );
        } else if (kind === "up") {
          truth.set(`n1/${id}`, port);
          await t.register(id, port);
        } else {
          truth.delete(`n1/${id}`);
          await t.put(`/v1/agent/service/deregister/${id}`);
        }
      }
      const seen = (reader: Heard, from: readonly Event[]): string => {
        const rows = new Map<string, number>();
        for (const { event, data } of [...from, ...reader.events]) {
          if (event === "current") continue;
          if (event === "snapshot") rows.clear();
          for (const { key, port } of data.put) rows.set(key, port);
          for (const key of data.gone ?? []) rows.delete(key);
        }
        return JSON.stringify([...rows].sort());
      };
      const wanted = JSON.stringify([...truth].sort());
      const [first] = readers;
      assert.ok(first !== undefined);
      for (const reader of readers) {
        await t.until(() => {
          const begin = reader.events[0];
          if (begin === undefined) return false;
          // Who came back knew what the first reader knew by then.
          const before = begin.event === "snapshot" ? [] : first.events;
          return seen(reader, before) === wanted;
        });
      }
    }),
    { numRuns: 25 },
  );
});

test("whatever happens between two visits of the only reader, it knows what is true after the second", async () => {
  const visits = fc.array(fc.array(step, { maxLength: 5 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(visits, async (between) => {
      await using t = await bench();
      const [rows, truth] = [new Map<string, number>(), new Map<string, number>()];
      let since = "";
      for (const steps of between) {
        for (const { kind, id, port } of steps) {
          // What comes is one that is not well.
          const [own, at] = kind === "come" ? ["u1", 1] : [id, port];
          if (kind === "down") await t.put(`/v1/agent/service/deregister/${own}`);
          else {
            await t.register(own, at);
            await t.put(`/v1/agent/check/${kind === "up" ? "pass" : "fail"}/service:${own}`);
          }
          if (kind === "up") truth.set(`n1/${id}`, port);
          else truth.delete(kind === "come" ? "n1/u1" : `n1/${id}`);
        }
        await using reader = await t.watch(`service/user?since=${since}`);
        await t.until(() => reader.events.length > 0);
        for (const { event, data, id } of reader.events) {
          since = id;
          if (event === "snapshot") rows.clear();
          for (const { key, port } of data.put ?? []) rows.set(key, port);
          for (const key of data.gone ?? []) rows.delete(key);
        }
        assert.deepEqual([...rows].sort(), [...truth].sort());
      }
    }),
    { numRuns: 25 },
  );
});
