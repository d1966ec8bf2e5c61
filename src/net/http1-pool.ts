import { compatPool } from "./compat/pool.ts";
import { createHttp1Client } from "./http1/client/client.ts";
import { type Http1Pool, poolOf } from "./http1/client/to-pool.ts";
import type { Http1PoolOptions } from "./http1-options.ts";

/**
 * Connections to one origin, one request in flight on each.
 *
 * @param origin for example "http://127.0.0.1:8081"
 */
export function http1Pool(origin: string, options: Http1PoolOptions = {}): Http1Pool {
  return options.transport === "compat"
    ? compatPool(origin, options)
    : poolOf(createHttp1Client(origin, options));
}
