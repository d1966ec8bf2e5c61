import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { z } from "zod";
import {
  referencesIn,
  type ServiceInstance,
  ServiceRef,
  serviceUrl,
  TuskerError,
  tryServiceUrl,
  validatedWithServices,
  withoutReferences,
  withReferences,
} from "./index.ts";

const at = (port: number): ServiceInstance => ({
  ...{ id: `i${port}`, host: "127.0.0.1", port, url: `http://127.0.0.1:${port}` },
});
const found = (...instances: ServiceInstance[]): ServiceRef =>
  new ServiceRef({ name: "stock" }, "stock", {
    instances: async () => instances,
    watch: () => ({ [Symbol.dispose]: () => undefined }),
  });

test("a reference prints as its text, wherever it stands", () => {
  const ref = new ServiceRef({ name: "stock", tag: "blue" }, "blue.stock.service.consul");
  assert.deepEqual(
    [String(ref), `${ref}`, JSON.stringify({ ref }), inspect(ref), ref.address],
    [
      ...["blue.stock.service.consul", "blue.stock.service.consul", '{"ref":"blue.stock.service.consul"}'],
      ...["ServiceRef(stock?tag=blue)", "service://stock?tag=blue"],
    ],
  );
});

test("its address is each instance in turn; without one, or without a registry, that is an error with a code", async () => {
  const ref = found(at(1), at(2));
  const urls = [await ref.url("/a"), await ref.url("/a"), await ref.url()];
  assert.deepEqual(urls, ["http://127.0.0.1:1/a", "http://127.0.0.1:2/a", "http://127.0.0.1:1"]);
  const coded = (code: string) => (error: unknown) => error instanceof TuskerError && error.code === code;
  await assert.rejects(found().url(), coded("DISCOVERY_NO_ENDPOINT"));
  await assert.rejects(new ServiceRef({ name: "a" }, "a").endpoints(), coded("DISCOVERY_UNREACHABLE"));
  assert.throws(() => new ServiceRef({ name: "a" }, "a").watch(() => {}), coded("DISCOVERY_UNREACHABLE"));
});

test("data with references goes to another process as text and a list, and comes back", () => {
  const ref = new ServiceRef({ name: "stock", port: "grpc", tag: "blue" }, "text");
  const data = { a: ref, b: [1, { c: ref }], d: "plain", __proto__: null };
  const sent: unknown = JSON.parse(JSON.stringify({ data, references: referencesIn(data) }));
  assert.ok(typeof sent === "object" && sent !== null && "data" in sent);
  assert.deepEqual(withoutReferences(data), sent.data);
  const back = withReferences(sent.data, referencesIn(data));
  assert.deepEqual(referencesIn(back), referencesIn(data));
  assert.deepEqual(
    withReferences({ a: 5 }, referencesIn(data)),
    { a: 5 },
    "a place without text is passed over",
  );
});

test("a schema gets the reference where it takes one, else the text", () => {
  const ref = new ServiceRef({ name: "stock" }, "stock");
  const parse = (schema: z.ZodType, value: unknown) =>
    validatedWithServices(value, (data) => {
      const said = schema["~standard"].validate(data);
      if (!(said instanceof Promise)) return said;
      said.catch(() => undefined);
      throw new TypeError("it answers later");
    });
  const typed = z.instanceof(ServiceRef);
  assert.deepEqual(parse(z.object({ a: typed, b: z.string() }), { a: ref, b: ref }), {
    value: { a: ref, b: "stock" },
  });
  assert.deepEqual(parse(z.object({ l: z.array(z.string().max(5)) }), { l: [ref, "x"] }), {
    value: { l: ["stock", "x"] },
  });
  const either = z.union([z.object({ a: z.string() }), z.object({ b: z.number() })]);
  assert.deepEqual(parse(either, { a: ref }), { value: { a: "stock" } });
  const parts = z.preprocess((text) => {
    if (typeof text !== "string") throw new TypeError("it takes text only");
    return text.split("o");
  }, z.array(z.string()));
  const step = z.object({ a: parts });
  assert.deepEqual(parse(step, { a: ref }), { value: { a: ["st", "ck"] } });
  const refused = parse(z.strictObject({ a: typed, n: z.number() }), { a: ref, n: "1", more: 1 });
  assert.equal(refused.issues?.length, 2, "what is wrong besides is told alone");
});

test("an address that names a service is read back as it was written; everything else is none", () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
  const target = fc.record(
    { name: word, port: fc.constantFrom("rest" as const, "grpc" as const), tag: word },
    { requiredKeys: ["name"] },
  );
  fc.assert(
    fc.property(target, (one) => {
      const read = tryServiceUrl(serviceUrl(one));
      assert.deepEqual(read, { target: { port: undefined, tag: undefined, ...one }, path: "" });
    }),
  );
  assert.deepEqual(tryServiceUrl("service://auth/keys?tag=a"), {
    target: { name: "auth", port: undefined, tag: "a" },
    path: "/keys",
  });
  for (const text of [
    "http://a",
    "service://",
    "service://a?port=x",
    "service://a?x=1",
    "service://a b",
    "a",
  ])
    assert.equal(tryServiceUrl(text), undefined, text);
});
