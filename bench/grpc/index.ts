/**
 * Unary calls between two processes: CPU of both ends together, 64 at once on one connection, about 90 bytes, with a
 * deadline and a trace context that differ for each call. All stacks take turns in one run; the least of several rounds
 * counts, which other processes disturb least.
 */
import type { Figure } from "../figure.ts";
import { idleMemory } from "./idle.ts";
import { Pair, type Round } from "./pair.ts";
import type { Order } from "./party.ts";

const rounds = 5;
/** Rounds until nothing is compiled any more, which takes the longest where calls are shortest. */
const warmUps = 2;
const stacks = [
  ...["tusker", "tusker-tls", "tusker-contract"],
  ...["grpc-js", "connect-node", "moleculer", "fastify-undici"],
] as const;

/** Stock clients of other implementations, which call our server too. */
const stock = ["grpc-js", "connect-node"] as const;

/** It costs so much that fewer calls tell as much. */
const share = (name: string): number => (name.startsWith("connect-node") ? 0.25 : 1);

export async function* figures(): AsyncGenerator<Figure> {
  const pairs = new Map<string, Pair>();
  try {
    for (const stack of stacks) pairs.set(stack, await Pair.of(stack));
    for (const name of stock) pairs.set(`${name} → tusker`, await Pair.of(name, "tusker"));
    const many = await measure(pairs, { calls: 6_000, atOnce: 64 });
    const both = (stack: string): number => total(many, stack);
    const peers = {
      "grpc-js": both("grpc-js"),
      "connect-node": both("connect-node"),
      moleculer: both("moleculer"),
      "fastify + undici": both("fastify-undici"),
    };
    const unit = "µs CPU";
    yield { name: "unary call, both ends", value: both("tusker"), unit, peers };
    yield { name: "unary call of a contract, both ends", value: both("tusker-contract"), unit, peers };
    const server = (pair: string): number =>
      Math.min(...(many.get(pair) ?? []).map(({ serverMicros }) => serverMicros));
    for (const name of stock) {
      const value = server(`${name} → tusker`);
      yield { name: `server of a stock ${name} client`, value, unit, peers: { [name]: server(name) } };
    }
    yield { name: "what TLS adds to a call, both ends", value: both("tusker-tls") - both("tusker"), unit };
    const few = await measure(pairs, { calls: 1_500, atOnce: 1 });
    const median = (stack: string): number =>
      Math.min(...(few.get(stack) ?? []).map(({ medianMs }) => medianMs));
    yield {
      name: "one call at a time, median",
      value: median("tusker"),
      unit: "ms",
      peers: { moleculer: median("moleculer"), "grpc-js": median("grpc-js") },
    };
    const streaming = new Map([...pairs].filter(([name]) => name === "tusker" || name === "grpc-js"));
    const poured = await measure(streaming, { calls: 100, atOnce: 1, streamed: true });
    const perSecond = (stack: string): number => 1_000_000 / total(poured, stack);
    yield {
      name: "messages of 1 MiB streamed in a second of CPU, both ends",
      value: perSecond("tusker"),
      unit: "messages",
      peers: { "grpc-js": perSecond("grpc-js") },
    };
  } finally {
    for (const pair of pairs.values()) await pair[Symbol.asyncDispose]();
  }
  yield await idleMemory(10_000);
}

async function measure(pairs: ReadonlyMap<string, Pair>, order: Order): Promise<Map<string, Round[]>> {
  const seen = new Map<string, Round[]>();
  for (let round = -warmUps; round < rounds; round++) {
    for (const [name, pair] of pairs) {
      const cost = await pair.run({ ...order, calls: Math.round(order.calls * share(name)) });
      if (round >= 0) seen.set(name, [...(seen.get(name) ?? []), cost]);
    }
  }
  return seen;
}

function total(seen: ReadonlyMap<string, Round[]>, stack: string): number {
  return Math.min(
    ...(seen.get(stack) ?? []).map(({ clientMicros, serverMicros }) => clientMicros + serverMicros),
  );
}
