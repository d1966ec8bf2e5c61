import assert from "node:assert/strict";
import { systemClock, systemRandom } from "../../../src/kernel/index.ts";
import { type HttpClient, httpClient } from "../../../src/net/index.ts";
import { startRegistry } from "../../../src/registry/index.ts";
import { startConsulPeer } from "../consul-peer.ts";

/** Two registries, each with its node named "box", that are asked the same. */
export interface Sides extends AsyncDisposable {
  readonly http: HttpClient;
  readonly ours: string;
  readonly theirs: string;
}

/** Starts ours and the peer. */
export async function startSides(): Promise<Sides> {
  const http = httpClient();
  const registry = await startRegistry({
    port: 0,
    clock: systemClock,
    random: systemRandom,
    node: "box",
    log: { info: () => undefined, error: (message, fields) => assert.fail(`${message} ${fields?.reason}`) },
  });
  const peer = await startConsulPeer();
  return {
    http,
    ours: registry.url,
    theirs: peer.url,
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      await peer[Symbol.asyncDispose]();
    },
  };
}

/** One request as both are asked it. */
export interface Exchange {
  readonly method: "GET" | "PUT" | "POST" | "DELETE" | "OPTIONS";
  readonly path: string;
  readonly body?: string | object | undefined;
}
