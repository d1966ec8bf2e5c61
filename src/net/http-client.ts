import { TuskerError } from "../kernel/index.ts";
import type { ClientAnswer, ClientRequest } from "./exchange.ts";
import type { Http1Pool } from "./http1/client/to-pool.ts";
import type { Http1PoolOptions } from "./http1-options.ts";
import { http1Pool } from "./http1-pool.ts";

/** One request to any origin. */
export interface UrlRequest extends Omit<ClientRequest, "path"> {
  /** http address; the path and query travel as written. */
  readonly url: string;
}

/** A client for occasional requests to few origins: exporters, registry calls, health checks, the CLI. */
export interface HttpClient extends AsyncDisposable {
  request(request: UrlRequest): Promise<ClientAnswer>;
}

/**
 * Keeps one pool per origin, at most `maxOrigins` of them (default 64). The least recently used one makes room; its
 * requests under way are not touched, it closes when they are through.
 */
export function httpClient(options: Http1PoolOptions & { readonly maxOrigins?: number } = {}): HttpClient {
  const pools = new Map<string, Http1Pool>();
  const leaving = new Set<Http1Pool>();
  const retire = (pool: Http1Pool): void => {
    leaving.add(pool);
    const over = (): unknown => leaving.delete(pool);
    pool.close().then(over, over);
  };
  const poolFor = (origin: string): Http1Pool => {
    const pool = pools.get(origin) ?? http1Pool(origin, options);
    pools.delete(origin);
    pools.set(origin, pool);
    const [oldest] = pools;
    if (pools.size > (options.maxOrigins ?? 64) && oldest !== undefined) {
      pools.delete(oldest[0]);
      retire(oldest[1]);
    }
    return pool;
  };
  return {
    request({ url, ...rest }) {
      const parsed = URL.parse(url);
      if (parsed === null) return Promise.reject(new TuskerError("NET_MALFORMED", `"${url}" is no address`));
      const { origin, pathname, search, protocol } = parsed;
      if (protocol !== "http:" && protocol !== "https:") {
        return Promise.reject(new TuskerError("NET_MALFORMED", `"${url}" is no http address`));
      }
      return poolFor(origin).request({ ...rest, path: `${pathname}${search}` });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...pools.values(), ...leaving].map((pool) => pool[Symbol.asyncDispose]()));
    },
  };
}
