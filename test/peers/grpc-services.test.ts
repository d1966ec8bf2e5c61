import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { contract, serve } from "../../src/rpc/index.ts";
import { grpcSection } from "../../src/rpc/section.ts";
import { rawCore, withoutCore } from "../support/interop/c-core.ts";

// What every server of ours serves beside its contract, asked by gRPC's C-core in bytes that no code of ours made.

const Text = z.object({ text: z.string() });
const Words = contract("word-service", { say: { http: "POST /say", in: Text, out: Text } });
const full = "word_service.WordService";
/** A message with one field of text. */
const field = (number: number, text: string): Buffer =>
  Buffer.concat([Buffer.from([number * 8 + 2, text.length]), Buffer.from(text)]);
const unary = { requestStream: false, responseStream: false } as const;
const one = { requestStream: false, responseStream: true } as const;
const both = { requestStream: true, responseStream: true } as const;
const [SERVING, SERVICE_UNKNOWN, NOT_FOUND] = ["0801", "0803", 5];

for (const engine of ["tusker", "node"] as const) {
  const parts = { discovery: undefined, lockFile: undefined, grpc: grpcSection.parse({ engine }) };

  test(`${engine}: C-core checks and watches health`, { skip: withoutCore }, async () => {
    await using server = await serve(Words, { say: (input) => input }, { port: 0, grpcPort: 0, parts });
    await using core = await rawCore(server.grpcPort ?? 0);
    const [check, watch] = ["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"];
    for (const name of ["", full]) {
      const { status, answers } = await core.call({ path: check, ...unary, messages: [field(1, name)] });
      assert.deepEqual([status, ...answers.map((bytes) => bytes.toString("hex"))], [0, SERVING]);
    }
    const unknown = await core.call({ path: check, ...unary, messages: [field(1, "nobody")] });
    assert.equal(unknown.status, NOT_FOUND);
    const watching = (name: string) =>
      core.call({ path: watch, ...one, messages: [field(1, name)], cancel: "after first answer" });
    for (const [name, said] of [
      [full, SERVING],
      ["nobody", SERVICE_UNKNOWN],
    ] as const)
      assert.equal((await watching(name)).answers[0]?.toString("hex"), said);
  });

  for (const version of ["v1", "v1alpha"])
    test(`${engine}: C-core asks reflection ${version} who is here, and for a file`, {
      skip: withoutCore,
    }, async () => {
      await using server = await serve(Words, { say: (input) => input }, { port: 0, grpcPort: 0, parts });
      await using core = await rawCore(server.grpcPort ?? 0);
      const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
      const { status, answers } = await core.call({
        ...{ path, ...both },
        messages: [field(7, "*"), field(4, full), field(4, "no.Such")],
      });
      assert.deepEqual([status, answers.length], [0, 3]);
      const [listed, file, missing] = answers.map((bytes) => bytes.toString("latin1"));
      for (const name of [full, "grpc.health.v1.Health"]) assert.ok(listed?.includes(name), listed);
      for (const name of ["WordService", "SayRequest"]) assert.ok(file?.includes(name), file);
      assert.ok(missing?.includes("no.Such"), missing);
    });
}
