/** A slice of the long run of test/soak/registry-sequences.test.ts, of seeds that stay the same. */
import { test } from "node:test";
import { skipWithoutPeer } from "../support/consul-peer.ts";
import { compareSequences } from "../support/oracle/sequences.ts";
import { startSides } from "../support/oracle/sides.ts";

test("100 random sequences of requests have the same answers", { skip: skipWithoutPeer }, async () => {
  await using sides = await startSides();
  await compareSequences(sides, { seed: 1, count: 100 });
});
