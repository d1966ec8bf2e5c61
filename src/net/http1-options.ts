import type { Http1ClientOptions } from "./http1/client/client.ts";
import type { Http1EngineOptions } from "./http1/options.ts";

/** Who does the work: our own engine, or `node:http` and undici behind the same words. */
export type Transport = "engine" | "compat";

/** Where to listen and what a client may do to us; docs/reference/net.md has all limits. */
export interface Http1ServerOptions extends Http1EngineOptions {
  /** Default "engine". "compat" knows no limit that node:http has no word for: see docs/reference/net.md. */
  readonly transport?: Transport;
}

export interface Http1PoolOptions extends Http1ClientOptions {
  /** Default "engine". "compat" keeps its own time and its own number of fields in a head. */
  readonly transport?: Transport;
}
