import { TuskerError } from "./error.ts";

const custom = Symbol.for("nodejs.util.inspect.custom");
/** Copies of this package recognise each other's references by it. */
const brand = Symbol.for("tusker.service-ref");

/** What a reference says: a service of the fleet, and which of its instances and ports are meant. */
export interface ServiceTarget {
  readonly name: string;
  /** The port that is meant; undefined is the REST port. */
  readonly port?: "rest" | "grpc" | undefined;
  /** A label that instances must bear; undefined means any. */
  readonly tag?: string | undefined;
}

/** An instance that takes traffic now. */
export interface ServiceInstance {
  readonly id: string;
  /** Without brackets. */
  readonly host: string;
  /** The port the reference means. */
  readonly port: number;
  /** `http://host:port`, without a slash at its end. */
  readonly url: string;
}

/** Who knows the instances of a service. */
export interface ServiceResolver {
  /** Those that take traffic now. */
  instances(target: ServiceTarget, signal?: AbortSignal): Promise<readonly ServiceInstance[]>;
  /** Tells them as soon as they are known, and after each change, until disposed. */
  watch(target: ServiceTarget, listener: (instances: readonly ServiceInstance[]) => void): Disposable;
}

/**
 * `@service("name", port=, tag=)` of a fleet file: a service that is found when it is asked, by the registry, so that
 * instances may come and go. As text it is what the file alone knows of it: its name, its address or its name in DNS.
 *
 * @example
 * const { stock } = settings(z.object({ stock: z.instanceof(ServiceRef) }));
 * await fetch(await stock.url("/items/7"));
 * const items = client(Stock, { url: stock });
 */
export class ServiceRef implements ServiceTarget {
  readonly name: string;
  readonly port: "rest" | "grpc" | undefined;
  readonly tag: string | undefined;
  readonly text: string;
  readonly #resolver: ServiceResolver | undefined;
  #turn = 0;

  /** @param resolver default nobody: then it is only text */
  constructor({ name, port, tag }: ServiceTarget, text: string, resolver?: ServiceResolver) {
    this.name = name;
    this.port = port;
    this.tag = tag;
    this.text = text;
    this.#resolver = resolver;
    Object.defineProperty(this, brand, { value: true });
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && brand in value;
  }

  /**
   * The instances that take traffic now.
   *
   * @throws TuskerError DISCOVERY_UNREACHABLE when there is no registry, or it cannot be asked and nothing is known;
   * KERNEL_ABORTED
   */
  async endpoints(signal?: AbortSignal): Promise<readonly ServiceInstance[]> {
    return await this.#asked().instances(this, signal);
  }

  /**
   * The address of an instance that takes traffic now, each in turn, with a path behind it.
   *
   * @param path begins with a slash; default none
   * @throws TuskerError as `endpoints`, and DISCOVERY_NO_ENDPOINT when no instance takes traffic
   */
  async url(path = "", signal?: AbortSignal): Promise<string> {
    const found = await this.endpoints(signal);
    const chosen = found[this.#turn++ % Math.max(1, found.length)];
    if (chosen === undefined)
      throw new TuskerError("DISCOVERY_NO_ENDPOINT", `no instance of ${targetText(this)} takes traffic`);
    return chosen.url + path;
  }

  /** Hears the instances as soon as they are known, and after each change, until disposed. The listener must not throw. */
  watch(listener: (instances: readonly ServiceInstance[]) => void): Disposable {
    return this.#asked().watch(this, listener);
  }

  /** As it goes to another process, and stands among settings: see `serviceUrl`. */
  get address(): string {
    return serviceUrl(this);
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }

  [custom](): string {
    return `ServiceRef(${targetText(this)})`;
  }

  #asked(): ServiceResolver {
    if (this.#resolver !== undefined) return this.#resolver;
    const message = `${targetText(this)} cannot be found: this process has no registry`;
    throw new TuskerError("DISCOVERY_UNREACHABLE", message);
  }
}

/** A target as an address: `service://stock?tag=blue`. */
export function serviceUrl({ name, port, tag }: ServiceTarget): string {
  const asked = new URLSearchParams({
    ...(port === undefined ? {} : { port }),
    ...(tag === undefined ? {} : { tag }),
  }).toString();
  return `service://${name}${asked === "" ? "" : `?${asked}`}`;
}

/**
 * Reads `service://name/path?port=grpc&tag=blue`; undefined when it is no such address.
 *
 * @example tryServiceUrl("service://auth/keys") // { target: { name: "auth" }, path: "/keys" }
 */
export function tryServiceUrl(
  text: string,
): { readonly target: ServiceTarget; readonly path: string } | undefined {
  const [, name, path = "", query = ""] =
    /^service:\/\/([^\s/?#]+)(\/[^\s?#]*)?(?:\?([^\s#]*))?$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  const asked = new URLSearchParams(query);
  const port = asked.get("port") ?? undefined;
  const tag = asked.get("tag") ?? undefined;
  if (port !== undefined && port !== "rest" && port !== "grpc") return undefined;
  return [...asked.keys()].every((key) => key === "port" || key === "tag")
    ? { target: { name, port, tag }, path }
    : undefined;
}

/** How messages, metrics and the gateway name a target: `stock`, or `stock?tag=blue`. */
export function targetText({ name, tag }: ServiceTarget): string {
  return tag === undefined ? name : `${name}?tag=${tag}`;
}
