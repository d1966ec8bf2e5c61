import { TuskerError } from "../kernel/index.ts";
import type { Pool } from "./exchange.ts";
import { http1Pool } from "./http1-pool.ts";
import { http2Pool } from "./http2.ts";
import type { Http2PoolOptions } from "./http2-options.ts";

/**
 * Requests to one origin in the version that both sides speak: over TLS the server chooses HTTP/2 or HTTP/1.1 by ALPN
 * (RFC 9113 §3.2); in clear text it is HTTP/1.1, because nothing tells before the first byte what a server knows (§3.3).
 * A server that chose HTTP/1.1 is not asked again.
 *
 * @param origin for example "https://api.example:443"
 */
export function httpPool(origin: string, options: HttpPoolOptions = {}): Pool {
  const { connectTimeoutMs, idleTimeoutMs, maxHeadBytes, tls, clock } = options;
  const older = (): Pool =>
    http1Pool(origin, {
      ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
      ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
      ...(maxHeadBytes === undefined ? {} : { maxHeadBytes }),
      ...(tls === undefined ? {} : { tls }),
      ...(clock === undefined ? {} : { clock }),
    });
  if (!origin.startsWith("https:")) return older();
  const newer = http2Pool(origin, { ...options, engine: "tusker", alsoHttp1: true });
  let chosen: Pool | undefined;
  return {
    origin,
    async request(request) {
      if (chosen !== undefined) return chosen.request(request);
      try {
        return await newer.request(request);
      } catch (error) {
        // Nothing of the request has been sent, and its body has not been touched.
        if (!(error instanceof TuskerError) || error.details.agreed !== "http/1.1") throw error;
        chosen ??= older();
        return chosen.request(request);
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([newer[Symbol.asyncDispose](), chosen?.[Symbol.asyncDispose]()]);
    },
  };
}

/** What holds for either version. */
export type HttpPoolOptions = Omit<Http2PoolOptions, "engine" | "alsoHttp1">;
