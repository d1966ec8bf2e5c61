/** Ours beside Consul 1.8.7, answer for answer; docs/reference/registry.md lists the differences we chose. */
import { test } from "node:test";
import { skipWithoutPeer } from "../support/consul-peer.ts";
import { compareSequences } from "../support/oracle/sequences.ts";
import { startSides } from "../support/oracle/sides.ts";
import { seedOf } from "../support/seed.ts";

const count = Number(process.env.TUSKER_SEQUENCES ?? 10_000);
const seed = seedOf("TUSKER_SEQUENCES_SEED");

test(`${count} random sequences of requests have the same answers (seed ${seed})`, {
  skip: skipWithoutPeer,
}, async () => {
  await using sides = await startSides();
  await compareSequences(sides, { seed, count });
});
