import assert from "node:assert/strict";
import { test } from "node:test";
import { haproxy, nginx, startProxy } from "../support/http2-proxies.ts";
import { cCore, withoutCore } from "../support/interop/c-core.ts";
import { type Case, cases } from "../support/interop/cases.ts";
import { connectNode, connectWeb } from "../support/interop/connect.ts";
import { grpcJs } from "../support/interop/grpc-js.ts";
import { niceGrpc } from "../support/interop/nice-grpc.ts";
import { connectOurs, serveOurs } from "../support/interop/ours.ts";
import type { Caller, InteropCall, Packing, Said } from "../support/interop/party.ts";
import { tap } from "../support/interop/tap.ts";
import { skipWithout } from "../support/peer-program.ts";
import { until } from "../support/until.ts";

// The cases of gRPC's interoperability description, between us and every other implementation, in both roles.

const packings: readonly Packing[] = ["plain", "packed"];

for (const party of [grpcJs, niceGrpc, connectNode, cCore]) {
  const skip = party === cCore ? withoutCore : false;

  test(`${party.name} as client, our server`, { skip }, async (t) => {
    for (const packing of packings) {
      await using server = await serveOurs(packing);
      await using wire = await tap(server.port);
      await using caller = await party.connect(wire.port, packing);
      for (const one of casesOf(packing)) {
        await t.test(one.name, { skip: party.cannot.client?.[one.name] ?? false }, async () => {
          wire.taken();
          const said = await all(caller, one.calls);
          one.check(said, wire.taken());
          // A call that is over for its caller is over here: the handler has left too.
          await until("no call to be answered any more", () => server.live.count === 0 || undefined);
        });
      }
    }
  });

  test(`our client, ${party.name} as server`, { skip }, async (t) => {
    for (const packing of packings) {
      await using server = await party.serve(packing);
      await using wire = await tap(server.port);
      await using caller = connectOurs(wire.port, packing);
      for (const one of casesOf(packing)) {
        await t.test(one.name, { skip: party.cannot.server?.[one.name] ?? false }, async () => {
          wire.taken();
          const said = await all(caller, one.calls);
          one.check(said, wire.taken());
        });
      }
    }
  });
}

for (const [httpVersion, engine] of [
  ["1.1", "tusker"],
  ["2", "tusker"],
  ["1.1", "node"],
  ["2", "node"],
] as const) {
  test(`${connectNode.name} as client over gRPC-Web and HTTP/${httpVersion}, our server, engine ${engine}`, async (t) => {
    for (const packing of packings) {
      await using server = await serveOurs(packing, engine);
      await using wire = httpVersion === "2" ? await tap(server.port) : undefined;
      await using caller = await connectWeb(httpVersion, wire?.port ?? server.port, packing);
      for (const one of casesOf(packing)) {
        await t.test(one.name, async () => {
          wire?.taken();
          const said = await all(caller, one.calls);
          // The wire reads HTTP/2 alone.
          if (wire !== undefined || packing === "plain") one.check(said, wire?.taken() ?? []);
          else for (const { status } of said) assert.equal(status, 0);
          await until("no call to be answered any more", () => server.live.count === 0 || undefined);
        });
      }
    }
  });
}

for (const engine of ["tusker", "node"] as const) {
  test(`our client, our server, engine ${engine}`, async (t) => {
    for (const packing of packings) {
      await using server = await serveOurs(packing, engine);
      await using wire = await tap(server.port);
      await using caller = connectOurs(wire.port, packing, engine);
      for (const one of casesOf(packing))
        await t.test(one.name, async () => {
          wire.taken();
          one.check(await all(caller, one.calls), wire.taken());
        });
    }
  });
}

for (const proxy of [nginx, haproxy]) {
  test(`our client and @grpc/grpc-js through ${proxy.name}, our server`, {
    skip: skipWithout(proxy.name),
  }, async (t) => {
    for (const packing of packings) {
      await using server = await serveOurs(packing);
      await using passed = await startProxy(proxy, server.port);
      for (const [name, connect] of [
        ["our client", async (port: number) => connectOurs(port, packing)],
        [grpcJs.name, (port: number) => grpcJs.connect(port, packing)],
      ] as const) {
        await using wire = await tap(passed.port);
        await using caller = await connect(wire.port);
        for (const one of casesOf(packing))
          await t.test(`${name}: ${one.name}`, { skip: standsStill(proxy.name, one) }, async () => {
            wire.taken();
            one.check(await all(caller, one.calls), wire.taken());
            await until("no call to be answered any more", () => server.live.count === 0 || undefined);
          });
      }
    }
  });
}

/** Why a case cannot pass a proxy, whoever speaks through it. */
function standsStill(proxy: string, one: Case): string | false {
  if (proxy !== haproxy.name || one.name !== "large_both_ways") return false;
  return "HAProxy 2.6 reads nothing of a connection while a stream of it waits: two of grpc-js stand still through it too";
}

function casesOf(packing: Packing): readonly Case[] {
  return cases.filter((one) => (one.packing ?? "plain") === packing);
}

async function all(caller: Caller, calls: readonly InteropCall[]): Promise<Said[]> {
  const said: Said[] = [];
  for (const call of calls) said.push(await caller.call(call));
  return said;
}
