import { strict as assert } from "node:assert";
import { existsSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { systemClock, TuskerError } from "../../kernel/index.ts";
import { contract, infoOf } from "../contract.ts";
import { bindGrpc } from "../grpc/binding.ts";
import type { Schema } from "../schema.ts";
import { assignFields, emptyLock, type Lock } from "./lock.ts";
import { findLockFile, parseLock, printLock, readLock, updateLock } from "./lock-file.ts";
import { type ServiceShape, serviceShape } from "./shape.ts";
import { protoText } from "./text.ts";

const shapeOf = (input: Schema, name: string = "a-service"): ServiceShape =>
  serviceShape(infoOf(contract(name, { do: { http: "POST /do", in: input, out: z.object({}) } })));
const numbersOf = (lock: Lock): unknown => lock.services["a-service"]?.DoRequest;
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "fine",
    (error: unknown) => (error instanceof TuskerError ? error.code : String(error)),
  );
async function folder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "tusker-lock-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

test("fields are numbered in the order of the contract", () => {
  const { lock, changes } = assignFields(emptyLock, shapeOf(z.object({ b: z.string(), a: z.int() })));
  assert.deepEqual(numbersOf(lock), { b: "1 string", a: "2 int64" });
  assert.deepEqual(
    changes.map((change) => `${change.field}=${change.number}`),
    ["b=1", "a=2"],
  );
});

test("known fields keep their numbers wherever they move, new ones are appended", () => {
  const { lock } = assignFields(emptyLock, shapeOf(z.object({ a: z.string(), b: z.int() })));
  const next = assignFields(lock, shapeOf(z.object({ c: z.boolean(), b: z.int(), a: z.string() })));
  assert.deepEqual(numbersOf(next.lock), { a: "1 string", b: "2 int64", c: "3 bool" });
  assert.deepEqual(
    next.messages.get("DoRequest")?.fields.map((field) => field.number),
    [3, 2, 1],
  );
});

test("the number of a removed field is never given again, and comes back with the field", () => {
  const first = assignFields(emptyLock, shapeOf(z.object({ a: z.string(), b: z.int() }))).lock;
  const without = assignFields(first, shapeOf(z.object({ a: z.string(), c: z.int() }))).lock;
  assert.deepEqual(numbersOf(without), { a: "1 string", b: "2 int64", c: "3 int64" });
  const again = assignFields(without, shapeOf(z.object({ a: z.string(), b: z.int() })));
  assert.deepEqual([again.changes, again.problems], [[], []]);
});

test("a changed type and a number given twice are problems that name the field", () => {
  const first = assignFields(emptyLock, shapeOf(z.object({ a: z.string() }))).lock;
  const changed = assignFields(first, shapeOf(z.object({ a: z.int() })));
  assert.deepEqual(
    changed.problems.map((problem) => problem.field),
    ["a"],
  );
  const twice: Lock = {
    version: 1,
    services: { "a-service": { DoRequest: { a: "1 string", b: "1 int64" } } },
  };
  assert.deepEqual(
    assignFields(twice, shapeOf(z.object({}))).problems.map((problem) => problem.field),
    ["b"],
  );
  const broken: Lock = { version: 1, services: { "a-service": { DoRequest: { a: "one string" } } } };
  assert.deepEqual(
    assignFields(broken, shapeOf(z.object({}))).problems.map((problem) => problem.field),
    ["a"],
  );
  assert.throws(
    () =>
      bindGrpc(
        infoOf(
          contract("a-service", {
            do: { http: "POST /do", in: z.object({ a: z.int() }), out: z.object({}) },
          }),
        ),
        first,
      ),
    (error) =>
      error instanceof TuskerError && error.code === "RPC_LOCK" && error.message.includes("DoRequest.a"),
  );
});

test("optional or required is no change of type", () => {
  const first = assignFields(emptyLock, shapeOf(z.object({ a: z.string() }))).lock;
  assert.deepEqual(assignFields(first, shapeOf(z.object({ a: z.string().optional() }))).problems, []);
});

test("the numbers protobuf keeps for itself are stepped over", () => {
  const lock: Lock = { version: 1, services: { "a-service": { DoRequest: { a: "18999 string" } } } };
  const { messages } = assignFields(lock, shapeOf(z.object({ a: z.string(), b: z.string() })));
  assert.equal(messages.get("DoRequest")?.fields[1]?.number, 20_000);
});

test("services do not touch each other's numbers", () => {
  const first = assignFields(emptyLock, shapeOf(z.object({ a: z.string() }), "one-service")).lock;
  const both = assignFields(first, shapeOf(z.object({ b: z.string() }), "two-service")).lock;
  assert.deepEqual(Object.keys(both.services), ["one-service", "two-service"]);
  assert.deepEqual(both.services["one-service"], first.services["one-service"]);
});

test("over any history of contracts no number is ever held by two fields and no field ever changes its number", () => {
  const fields = fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e", "f"), fc.constant(z.string()));
  fc.assert(
    fc.property(fc.array(fields, { maxLength: 8 }), (history) => {
      let lock: Lock = emptyLock;
      const given = new Map<string, number>();
      for (const shape of history) {
        const assigned = assignFields(lock, shapeOf(z.object(shape)));
        assert.deepEqual(assigned.problems, []);
        for (const { name, number } of assigned.messages.get("DoRequest")?.fields ?? []) {
          assert.equal(given.get(name) ?? number, number);
          given.set(name, number);
        }
        assert.equal(new Set(given.values()).size, given.size);
        lock = parseLock(printLock(assigned.lock), "test");
      }
    }),
    { numRuns: 50 },
  );
});

test("messages of every kind are written as .proto", () => {
  const shape = shapeOf(
    z.object({
      id: z.string(),
      "first-name": z.string().optional(),
      none: z.int().nullable(),
      list: z.array(z.object({ x: z.number() })),
      map: z.record(z.string(), z.boolean()),
      any: z.unknown(),
      camelCase: z.string(),
    }),
  );
  const text = protoText(shape, assignFields(emptyLock, shape).messages);
  assert.equal(
    text,
    `syntax = "proto3";

package a_service;

import "google/protobuf/struct.proto";

service AService {
  rpc Do(DoRequest) returns (DoResponse);
}

message DoRequest {
  string id = 1;
  optional string first_name = 2 [json_name = "first-name"];
  optional int64 none = 3;
  repeated DoRequest_List list = 4;
  map<string, bool> map = 5;
  google.protobuf.Value any = 6;
  string camelCase = 7;
}

message DoRequest_List {
  double x = 1;
}

message DoResponse {
}
`,
  );
});

test("shapes: what is no plain object is wrapped, unions and tuples are Values, intersections are merged", () => {
  const Service = contract("a-service", {
    do: {
      http: "POST /do",
      in: z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() })),
      out: z.array(z.string()),
    },
    other: {
      http: "POST /other",
      in: z.object({
        pair: z.tuple([z.string(), z.int()]),
        lists: z.array(z.array(z.int())),
        color: z.literal(["a", "b"]),
      }),
      out: z.object({ loose: z.looseObject({ a: z.string() }), when: z.iso.datetime() }),
    },
  });
  const shape = serviceShape(infoOf(Service));
  const typesOf = (name: string): string[] =>
    (shape.messages.find((message) => message.name === name)?.fields ?? []).map(
      (field) =>
        `${field.name}:${field.cardinality}:${field.kind.kind === "scalar" ? field.kind.type : field.kind.kind}`,
    );
  assert.deepEqual(typesOf("DoRequest"), ["a:single:string", "b:single:int64"]);
  assert.deepEqual(typesOf("DoResponse"), ["value:repeated:string"]);
  assert.deepEqual(
    shape.methods.map((method) => [method.path, method.wrappedResponse]),
    [
      ["/a_service.AService/Do", true],
      ["/a_service.AService/Other", false],
    ],
  );
  assert.deepEqual(typesOf("OtherRequest"), [
    "pair:single:value",
    "lists:repeated:value",
    "color:single:string",
  ]);
  assert.deepEqual(typesOf("OtherResponse"), ["loose:single:value", "when:single:string"]);
});

test("two fields whose messages would be called the same are refused", () => {
  const inner = z.object({ a: z.string() });
  assert.throws(
    () => shapeOf(z.object({ a_b: inner, "a-b": inner })),
    (error) => error instanceof TuskerError && error.code === "RPC_CONTRACT",
  );
});

test("a lock file is found upward, and a file that is not there is an empty lock", async () => {
  await using dir = await folder();
  assert.deepEqual(await readLock(join(dir.path, "tusker.lock")), emptyLock);
  await writeFile(join(dir.path, "tusker.lock"), printLock(emptyLock));
  assert.equal(findLockFile(join(dir.path, "a", "b")), join(dir.path, "tusker.lock"));
});

test("what is no lock is refused instead of overwritten", async () => {
  await using dir = await folder();
  const file = join(dir.path, "tusker.lock");
  for (const text of ["{", "[]", '{"version":2,"services":{}}', "<<<<<<< HEAD"]) {
    await writeFile(file, text);
    assert.equal(await codeOf(updateLock(file, systemClock, (lock) => lock)), "RPC_LOCK", text);
    assert.equal(await readFile(file, "utf8"), text);
  }
});

test("many services that start at once all keep their numbers", async () => {
  await using dir = await folder();
  const file = join(dir.path, "tusker.lock");
  const names = Array.from({ length: 8 }, (_, i) => `s${i}-service`);
  await Promise.all(
    names.map((name) =>
      updateLock(
        file,
        systemClock,
        (lock) => assignFields(lock, shapeOf(z.object({ a: z.string() }), name)).lock,
      ),
    ),
  );
  const lock = await readLock(file);
  assert.deepEqual(Object.keys(lock.services), names);
  assert.deepEqual(await readdir(dir.path), ["tusker.lock"]);
});

test("a change that gives undefined leaves the file alone", async () => {
  await using dir = await folder();
  await updateLock(join(dir.path, "tusker.lock"), systemClock, () => undefined);
  assert.deepEqual(await readdir(dir.path), []);
});

test("who finds a left-behind marker leaves the fresh one alone that another waiter put there meanwhile", async () => {
  await using dir = await folder();
  const file = join(dir.path, "tusker.lock");
  const marker = `${file}.held`;
  const longAgo = new Date(systemClock.wall() - 60_000);
  writeFileSync(marker, "");
  utimesSync(marker, longAgo, longAgo);
  let waits = 0;
  let other = (): void => {
    rmSync(marker);
    writeFileSync(marker, "");
    other = () => undefined;
  };
  const clock = {
    ...systemClock,
    // The age is judged by this: between the look at the marker and its removal.
    wall: () => {
      other();
      return systemClock.wall();
    },
    sleep: async () => {
      waits++;
      assert.equal(existsSync(marker), true);
      if (waits === 3) rmSync(marker);
    },
  };
  await updateLock(file, clock, () => emptyLock);
  assert.equal(waits, 3);
  assert.deepEqual(await readdir(dir.path), ["tusker.lock"]);
});

test("a marker left behind by a killed process does not stop the next one", async () => {
  await using dir = await folder();
  const file = join(dir.path, "tusker.lock");
  await writeFile(`${file}.held`, "");
  const longAgo = new Date(systemClock.wall() - 60_000);
  await utimes(`${file}.held`, longAgo, longAgo);
  await updateLock(file, systemClock, () => emptyLock);
  assert.deepEqual(await readdir(dir.path), ["tusker.lock"]);
});
