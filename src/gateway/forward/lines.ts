import type { Endpoint } from "../../discovery/index.ts";
import type { Pool } from "../../net/index.ts";

/** One endpoint's connections and who uses them. */
export interface Line<C> {
  readonly connections: C;
  users: number;
  retired: boolean;
}

export interface LinesOptions<C> {
  /** Makes the connections to one origin. */
  readonly open: (origin: string) => C;
  /** Hears of connections that could not be closed. */
  readonly onError: (error: unknown) => void;
}

/** The connections to every endpoint. State: a line lives as long as its endpoint, and until its last user has left. */
export class Lines<C extends { readonly pool: Pool }> implements AsyncDisposable {
  readonly #options: LinesOptions<C>;
  readonly #byKey = new Map<string, Line<C>>();
  /** The same, found without making a key: an endpoint set keeps its objects from request to request. */
  #byEndpoint = new WeakMap<Endpoint, Line<C>>();

  constructor(options: LinesOptions<C>) {
    this.#options = options;
  }

  /** The line to an endpoint, for one exchange; `leave` it when the last byte is through. */
  enter(endpoint: Endpoint): Line<C> {
    const line = this.#byEndpoint.get(endpoint) ?? this.#find(endpoint);
    line.users++;
    return line;
  }

  leave(line: Line<C>): void {
    line.users--;
    if (line.retired && line.users === 0) this.#close(line).catch(this.#options.onError);
  }

  /** The endpoint is gone: its connections end when the last exchange on them has. */
  retire(endpoint: Endpoint): void {
    const key = keyOf(endpoint);
    const line = this.#byKey.get(key);
    if (line === undefined) return;
    this.#byKey.delete(key);
    this.#byEndpoint = new WeakMap();
    line.retired = true;
    if (line.users === 0) this.#close(line).catch(this.#options.onError);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#byKey.values()];
    this.#byKey.clear();
    this.#byEndpoint = new WeakMap();
    await Promise.all(all.map((line) => this.#close(line)));
  }

  #find(endpoint: Endpoint): Line<C> {
    const key = keyOf(endpoint);
    const line = this.#byKey.get(key) ?? {
      connections: this.#options.open(originOf(endpoint)),
      users: 0,
      retired: false,
    };
    this.#byKey.set(key, line);
    this.#byEndpoint.set(endpoint, line);
    return line;
  }

  async #close({ connections }: Line<C>): Promise<void> {
    await connections.pool[Symbol.asyncDispose]();
  }
}

/** An id that moved to another address is another line. */
function keyOf(endpoint: Endpoint): string {
  return `${endpoint.id} ${originOf(endpoint)}`;
}

function originOf({ host, port }: Endpoint): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
