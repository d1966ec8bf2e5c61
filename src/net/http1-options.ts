import type { Http1ClientOptions } from "./http1/client/client.ts";
import type { Http1EngineOptions } from "./http1/options.ts";

/** Who does the work: our own engine, or `node:http` and undici behind the same words. */
export type Transport = "engine" | "compat";

/** Where to listen and what a client may do to us; docs/reference/net.md has all limits. */
export interface Http1ServerOptions extends Omit<Http1EngineOptions, "onMalformed"> {
  /** Default "compat", which knows neither `tls` nor the limits that node:http has no word for. */
  readonly transport?: Transport;
}

export interface Http1PoolOptions extends Http1ClientOptions {
  /** Default "compat", which takes its own time and its own limits of a head. */
  readonly transport?: Transport;
}
