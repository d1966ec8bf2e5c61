import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { type Bench, bench } from "../../fixture.test.ts";

const b64 = (text: string) => Buffer.from(text).toString("base64");
const by = { author: "ada", reason: "more room" };

async function publish(t: Bench, values: Readonly<Record<string, string | null>>, more: object = {}) {
  const steps = Object.entries(values).map(([key, value]) => ({
    key,
    value: value === null ? null : b64(value),
  }));
  return t.ask("PUT", "/v1/tusker/publish", { ...by, steps, ...more });
}

interface Version {
  readonly index: number;
  readonly author: string;
  readonly reason: string;
  readonly value: string | null;
}
const history = async (t: Bench, key: string) =>
  ((await t.get(`/v1/tusker/history/${key}`)) as Version[]).map(({ value, ...rest }) => ({
    ...rest,
    value: value === null ? null : Buffer.from(value, "base64").toString(),
  }));
const valueAt = async (t: Bench, key: string) => {
  const { status, text } = await t.ask("GET", `/v1/kv/${key}?raw`);
  return status === 200 ? text : undefined;
};
const indexOf = (answer: { json: unknown }) => (answer.json as { index: number }).index;

test("a publication writes several keys at once, under one index, with author and reason", async () => {
  await using t = await bench();
  const answer = await publish(t, { "config/a": "1", "config/b": "2" });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json, { index: indexOf(answer), written: ["config/a", "config/b"], removed: [] });
  const [a] = await history(t, "config/a");
  assert.deepEqual([a?.index, a?.author, a?.reason, a?.value], [indexOf(answer), "ada", "more room", "1"]);
  assert.equal(await valueAt(t, "config/b"), "2");
});

test("every value a key had is remembered, whatever way it was written, and its end too", async () => {
  await using t = await bench();
  await t.put("/v1/kv/k", "one");
  await t.put("/v1/kv/k", "one");
  await publish(t, { k: "two" });
  await t.put("/v1/txn", [{ KV: { Verb: "set", Key: "k", Value: b64("three") } }]);
  await t.ask("DELETE", "/v1/kv/k");
  await t.put("/v1/kv/k", "four");
  const versions = await history(t, "k");
  assert.deepEqual(
    versions.map(({ value }) => value),
    ["four", null, "three", "two", "one"],
  );
  assert.deepEqual(
    versions.map(({ author }) => author),
    ["", "", "", "ada", ""],
  );
  assert.equal(new Set(versions.map(({ index }) => index)).size, 5);
  assert.equal((await t.ask("GET", "/v1/tusker/history/nobody")).status, 404);
  assert.equal(((await t.get("/v1/tusker/history/k?limit=2")) as unknown[]).length, 2);
});

test("taking and releasing a key is no version of its value", async () => {
  await using t = await bench();
  await t.put("/v1/kv/lock", "x");
  const { ID } = (await t.ask("PUT", "/v1/session/create", {})).json as { ID: string };
  await t.put(`/v1/kv/lock?acquire=${ID}`, "x");
  await t.put(`/v1/kv/lock?release=${ID}`, "x");
  assert.equal((await history(t, "lock")).length, 1);
});

test("a step that expects another version stops the whole publication and says what it found", async () => {
  await using t = await bench();
  const first = indexOf(await publish(t, { a: "1" }));
  const steps = [
    { key: "a", value: b64("2"), ifVersion: first - 1 },
    { key: "b", value: b64("2"), ifVersion: "absent" },
    { key: "c", value: b64("2"), ifVersion: 7 },
  ];
  const refused = await t.ask("PUT", "/v1/tusker/publish", { ...by, steps });
  assert.equal(refused.status, 409);
  assert.deepEqual(refused.json, {
    conflicts: [
      { key: "a", expected: first - 1, found: first },
      { key: "c", expected: 7, found: "absent" },
    ],
  });
  assert.equal(await valueAt(t, "b"), undefined);
  const fine = [{ key: "a", value: b64("2"), ifVersion: first }];
  assert.equal((await t.ask("PUT", "/v1/tusker/publish", { ...by, steps: fine })).status, 200);
});

const schema = JSON.stringify({
  type: "object",
  required: ["name"],
  properties: {
    name: { type: "string" },
    pool: {
      type: "object",
      properties: { size: { type: "integer", minimum: 1 } },
      additionalProperties: false,
    },
  },
  additionalProperties: false,
});

test("keys below a prefix with a schema are held against it as one object, before anything takes effect", async () => {
  await using t = await bench();
  assert.equal(
    (await publish(t, { "tusker/schema/config/users/": schema, "config/users/name": "x" })).status,
    200,
  );
  const refused = await publish(t, {
    "config/users/pool/size": "0",
    "config/users/color": "red",
    other: "x",
  });
  assert.equal(refused.status, 422);
  assert.deepEqual((refused.json as { problems: { key: string }[] }).problems.map(({ key }) => key).sort(), [
    "config/users/",
    "config/users/pool/size",
  ]);
  assert.equal(await valueAt(t, "other"), undefined);
  assert.equal((await publish(t, { "config/users/pool/size": "5" })).status, 200);
  assert.equal((await publish(t, { "config/users/name": null })).status, 422, "what is required stays");
  const clash = await publish(t, { "config/users/pool": "{}" });
  assert.equal(clash.status, 422);
});

test("a schema is obeyed whatever way a value comes, and a new schema by what is there", async () => {
  await using t = await bench();
  await publish(t, { "tusker/schema/c/": schema, "c/name": "x" });
  const plain = await t.ask("PUT", "/v1/kv/c/pool/size", "none");
  assert.equal(plain.status, 422);
  assert.match(plain.text, /c\/pool\/size/);
  const txn = await t.ask("PUT", "/v1/txn", [{ KV: { Verb: "set", Key: "c/bad", Value: "" } }]);
  assert.equal(txn.status, 422);
  assert.equal((await t.ask("DELETE", "/v1/kv/c/?recurse")).status, 422);
  assert.equal((await publish(t, { "tusker/schema/c/": '{"type":"array"}' })).status, 422);
  assert.equal((await publish(t, { "tusker/schema/c/": "no json" })).status, 422);
  assert.equal((await publish(t, { "tusker/schema/c/": '{"type":"nonsense"}' })).status, 422);
  assert.equal((await publish(t, { "tusker/schema/c/": null, "c/bad": "1" })).status, 200);
});

test("names that mean something to JavaScript mean nothing to a schema", async () => {
  await using t = await bench();
  await publish(t, { "tusker/schema/p/": '{"type":"object","additionalProperties":{"type":"integer"}}' });
  assert.equal((await publish(t, { "p/constructor": "2", "p/toString": "3" })).status, 200);
  assert.equal((await publish(t, { "p/constructor": "text" })).status, 422);
  assert.equal((await publish(t, { "p/__proto__": "1" })).status, 422);
});

test("a rollback makes a key, or all below a prefix, what it was, as a publication of its own", async () => {
  await using t = await bench();
  const one = indexOf(await publish(t, { "c/a": "1", "c/b": "1" }));
  await publish(t, { "c/a": "2", "c/b": null, "c/new": "2" });
  const two = indexOf(await publish(t, { "c/a": "3" }));
  const back = await t.ask("PUT", "/v1/tusker/rollback", { ...by, prefix: "c/", to: one });
  assert.equal(back.status, 200, back.text);
  assert.deepEqual(back.json, { index: indexOf(back), written: ["c/a", "c/b"], removed: ["c/new"] });
  assert.deepEqual([await valueAt(t, "c/a"), await valueAt(t, "c/b")], ["1", "1"]);
  const forth = await t.ask("PUT", "/v1/tusker/rollback", { ...by, key: "c/a", to: two });
  assert.deepEqual((forth.json as { written: string[] }).written, ["c/a"]);
  assert.equal(await valueAt(t, "c/a"), "3");
  const list = (await t.get("/v1/tusker/publications/c/")) as { index: number; keys: string[] }[];
  assert.deepEqual(
    list.map(({ keys }) => keys.length),
    [1, 3, 1, 3, 2],
  );
  assert.equal(list[0]?.index, indexOf(forth));
});

test("what is no longer known cannot be rolled back to", async () => {
  await using t = await bench();
  const from = indexOf(await publish(t, { k: "first" }));
  for (let i = 0; i < 105; i++) await t.put("/v1/kv/k", `v${i}`);
  const back = await t.ask("PUT", "/v1/tusker/rollback", { ...by, key: "k", to: from });
  assert.equal(back.status, 409);
  assert.deepEqual(back.json, { unknown: ["k"] });
  assert.equal(await valueAt(t, "k"), "v104");
});

test("a version that never was takes nothing away", async () => {
  await using t = await bench();
  const one = indexOf(await publish(t, { "c/a": "1", "c/b": "1" }));
  for (const to of [1, 99, one - 1, one + 1_000_000]) {
    for (const extent of [{ prefix: "c/" }, { key: "c/a" }]) {
      const back = await t.ask("PUT", "/v1/tusker/rollback", { ...by, ...extent, to });
      assert.equal(back.status, 409, `${to}: ${back.text}`);
      assert.deepEqual(back.json, { unknown: "key" in extent ? ["c/a"] : ["c/a", "c/b"] });
    }
  }
  assert.equal(await valueAt(t, "c/a"), "1");
});

test("a dry run says what would happen and does nothing", async () => {
  await using t = await bench();
  const answer = await publish(t, { a: "1" }, { dryRun: true });
  assert.deepEqual(answer.json, { index: null, written: ["a"], removed: [] });
  assert.equal(await valueAt(t, "a"), undefined);
});

test("an order that is no order names what is wrong with it", async () => {
  await using t = await bench();
  const orders: [object | string, RegExp][] = [
    ["nonsense", /no JSON/],
    [{}, /author: .*reason: .*steps: /],
    [{ ...by, steps: [] }, /steps/],
    [{ ...by, author: " ", steps: [{ key: "a", value: "" }] }, /author: must say who/],
    [{ ...by, steps: [{ key: "a", value: "?" }] }, /steps\.0\.value/],
    [
      {
        ...by,
        steps: [
          { key: "a", value: "" },
          { key: "a", value: "" },
        ],
      },
      /name each key once/,
    ],
    [{ ...by, steps: [{ key: "a", value: "" }], extra: 1 }, /extra/],
  ];
  for (const [order, words] of orders) {
    const { status, text } = await t.ask("PUT", "/v1/tusker/publish", order);
    assert.equal(status, 400, text);
    assert.match(text, words);
  }
  for (const order of [
    { ...by, to: 1 },
    { ...by, to: 1, key: "a", prefix: "a" },
    { ...by, key: "a", to: "x" },
  ])
    assert.equal((await t.ask("PUT", "/v1/tusker/rollback", order)).status, 400);
  const huge = { ...by, steps: [{ key: "a", value: "A".repeat(600_000) }] };
  assert.equal((await t.ask("PUT", "/v1/tusker/publish", huge)).status, 413);
});

test("history outlives the process", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "tusker-history-"));
  try {
    let first = 0;
    {
      await using t = await bench({ dataDir });
      first = indexOf(await publish(t, { "c/a": "1" }));
      await publish(t, { "c/a": "2" });
      await t.ask("DELETE", "/v1/kv/c/a");
    }
    await using t = await bench({ dataDir });
    const versions = await history(t, "c/a");
    assert.deepEqual(
      versions.map(({ value, author }) => [value, author]),
      [
        [null, ""],
        ["2", "ada"],
        ["1", "ada"],
      ],
    );
    assert.equal((await t.ask("PUT", "/v1/tusker/rollback", { ...by, key: "c/a", to: first })).status, 200);
    assert.equal(await valueAt(t, "c/a"), "1");
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test("whatever was written and removed, a rollback to any moment gives what was there then", async () => {
  const step = fc.record({
    key: fc.constantFrom("r/a", "r/b", "r/c"),
    value: fc.option(fc.constantFrom("1", "2")),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), fc.nat(), async (steps, at) => {
      await using t = await bench();
      const state = async () =>
        JSON.stringify(await Promise.all(["r/a", "r/b", "r/c"].map((key) => valueAt(t, key))));
      const moments: { index: number; state: string }[] = [];
      for (const { key, value } of steps) {
        const index = indexOf(await publish(t, { [key]: value }));
        moments.push({ index, state: await state() });
      }
      const moment = moments[at % moments.length] ?? assert.fail();
      // A key that was never written is not known, and that is said.
      if (((await t.get("/v1/tusker/publications/r/")) as unknown[]).length === 0) return;
      const back = await t.ask("PUT", "/v1/tusker/rollback", { ...by, prefix: "r/", to: moment.index });
      // Before the first of them there was nothing to go back to.
      const nothing = moments.findIndex((one) => one.index === moment.index) === 0 && !/"/.test(moment.state);
      assert.equal(back.status, nothing ? 409 : 200, back.text);
      if (!nothing) assert.equal(await state(), moment.state);
    }),
    { numRuns: 30 },
  );
});
