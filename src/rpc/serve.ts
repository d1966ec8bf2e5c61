import { TuskerError } from "../kernel/index.ts";
import {
  authority,
  type ConnectionMeters,
  connectionMeters,
  type Server,
  type StreamServer,
  serveHttp1,
  serveStreams,
} from "../net/index.ts";
import type { RpcContext } from "./context.ts";
import {
  type Contract,
  type ContractInfo,
  infoOf,
  type MethodSpec,
  type MethodSpecs,
  type SpecsOf,
} from "./contract.ts";
import { Arriving } from "./grpc/arriving.ts";
import { bindGrpc, type GrpcBinding } from "./grpc/binding.ts";
import { healthMethods } from "./grpc/health.ts";
import { reflectionMethods } from "./grpc/reflection/reflection.ts";
import { contractMethods } from "./grpc/server.ts";
import { grpcStreams } from "./grpc/serving/serve.ts";
import { attachProcess, reportReady } from "./process.ts";
import { emptyLock } from "./proto/lock.ts";
import { readLock, updateLock } from "./proto/lock-file.ts";
import { restHandler } from "./rest/server.ts";
import { type Parts, partsOf, processRuntime } from "./runtime.ts";
import type { InputOf, OutputOf } from "./schema.ts";
import { type Lifecycle, type Service, serviceOf } from "./service.ts";

/**
 * One function per method: the parsed input in, what `out` accepts out.
 *
 * @example const handlers: Handlers<typeof Users> = { getUser: ({ id }) => find(id) };
 */
export type Handlers<C> = HandlerTable<SpecsOf<C>>;

/** As `Handlers`, by the specs themselves. */
export type HandlerTable<M extends MethodSpecs> = { readonly [K in keyof M]: Handler<M[K]> };

/** By what the method streams: see `MethodSpec.stream`. */
export type Handler<S extends MethodSpec> = S extends { readonly stream: "in" }
  ? (inputs: AsyncIterable<OutputOf<S["in"]>>, context: RpcContext) => Promise<InputOf<S["out"]>>
  : S extends { readonly stream: "out" }
    ? (input: OutputOf<S["in"]>, context: RpcContext) => AsyncIterable<InputOf<S["out"]>>
    : S extends { readonly stream: "both" }
      ? (inputs: AsyncIterable<OutputOf<S["in"]>>, context: RpcContext) => AsyncIterable<InputOf<S["out"]>>
      : (input: OutputOf<S["in"]>, context: RpcContext) => InputOf<S["out"]> | Promise<InputOf<S["out"]>>;

/** What the process was not told otherwise. */
export interface ServeOptions {
  /** Port of REST; default `PORT`, else one the system chooses. */
  readonly port?: number;
  /** Port of gRPC; default `GRPC_PORT`, else one the system chooses; false serves no gRPC. */
  readonly grpcPort?: number | false;
  /** Address to listen on; default `TUSKER_BIND`, else 127.0.0.1. */
  readonly host?: string;
  /** Answers REST in the `{ success, data, error }` envelope; default as the fleet file says, else false. */
  readonly envelope?: boolean;
  /** What to use in place of the process's own; for tests and embedding. */
  readonly parts?: Partial<Parts>;
}

/** A service that answers. Dispose it to stop; a process told to end does so by itself. */
export interface Serving extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** Undefined when gRPC is off. */
  readonly grpcPort: number | undefined;
  /** `http://127.0.0.1:8081` */
  readonly url: string;
  /**
   * What clients did to its connections, in Prometheus text format: limits that were met, requests that were none. In a
   * fleet `GET /metrics` of the control server shows it, for every service.
   */
  metrics(): string;
  /** Refuses new connections, lets running calls end, cuts the rest after `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

/**
 * Serves a contract over REST and gRPC, and answers `health_endpoint` and `/openapi.json` besides.
 *
 * @throws TuskerError RPC_CONTRACT (a method without handler), RPC_LOCK, RPC_CONFIG, NET_PORT_TAKEN, NET_BIND
 * @example await serve(Users, { getUser: async ({ id }) => find(id) ?? raise(id) });
 */
export async function serve<M extends MethodSpecs>(
  contract: Contract<M>,
  handlers: HandlerTable<M>,
  options: ServeOptions = {},
): Promise<Serving> {
  const info = infoOf(contract);
  const runtime = processRuntime(info.name);
  runtime.nameBy(info.name);
  const { config } = runtime;
  const parts = partsOf(runtime, options.parts);
  const lifecycle = new Life();
  const service = serviceOf(info, handlers, {
    tracer: parts.tracer,
    log: parts.log,
    clock: parts.clock,
    envelope: options.envelope ?? config.envelope,
    healthPath: config.healthPath,
    version: config.version,
    lifecycle,
  });
  const host = options.host ?? config.host;
  const grpcPort = parts.grpc.enabled ? (options.grpcPort ?? config.grpcPort) : false;
  const meters = connectionMeters("rpc", { service: info.name });
  const at = { host, port: options.port ?? config.port, grpcPort, meters };
  const listeners = await listen(service, parts, at);
  const { rest, grpc } = listeners;
  const drain = async (graceMs: number): Promise<void> => {
    lifecycle.drain();
    await Promise.all([rest.drain(graceMs), grpc?.drain(graceMs)]);
  };
  const finish = (): Promise<void> => runtime[Symbol.asyncDispose]();
  const attached = attachProcess(
    { drain, figures: () => grpc?.figures() ?? [], metrics: () => meters.render() },
    { clock: parts.clock, supervised: config.supervised, finish },
  );
  const url = `http://${authority(host, rest.port)}`;
  const also = grpc === undefined ? "" : `, gRPC on ${grpc.port}`;
  parts.log.info(`${info.name} listens on ${url}${also}`);
  if (config.supervised) reportReady(rest.port, grpc?.port);
  return {
    name: info.name,
    port: rest.port,
    grpcPort: grpc?.port,
    url,
    metrics: () => meters.render(),
    drain,
    async [Symbol.asyncDispose]() {
      attached[Symbol.dispose]();
      await drain(0);
    },
  };
}

class Life implements Lifecycle {
  draining = false;
  readonly #waiting = new Set<() => void>();

  onDrain(run: () => void): Disposable {
    this.#waiting.add(run);
    return { [Symbol.dispose]: () => this.#waiting.delete(run) };
  }

  drain(): void {
    this.draining = true;
    for (const run of this.#waiting) run();
    this.#waiting.clear();
  }
}

/**
 * How many messages of the largest size may be on their way at once: to a service, in pieces, before more are refused;
 * from it, for clients that do not take them, before whoever takes least is closed.
 */
const messagesHeld = 64;

/** Opens both ports, or none. */
async function listen(
  service: Service,
  parts: Parts,
  at: {
    readonly host: string;
    readonly port: number;
    readonly grpcPort: number | false;
    readonly meters: ConnectionMeters;
  },
): Promise<{ readonly rest: Server; readonly grpc: StreamServer | undefined }> {
  const { host } = at;
  const { hooks } = at.meters;
  const onError = (error: unknown): void => parts.log.error("a request could not be answered", { error });
  const binding = at.grpcPort === false ? undefined : await bindWithLock(service.info, parts);
  const common = { host, onError, ...hooks };
  const rest = await serveHttp1(restHandler(service), { ...common, port: at.port, clock: parts.clock });
  if (binding === undefined || at.grpcPort === false) return { rest, grpc: undefined };
  const methods = new Map([
    ...contractMethods(service, binding, parts.grpc.timeout),
    ...healthMethods([binding.service], service.lifecycle),
    ...reflectionMethods(binding),
  ]);
  const handler = grpcStreams(methods, {
    maxMessageBytes: parts.grpc.max_message_size,
    arriving: new Arriving(parts.grpc.max_message_size * messagesHeld),
    defaultTimeoutMs: parts.grpc.timeout,
    compressAbove: parts.grpc.compress_above,
    webOrigins: new Set(parts.grpc.web_origins),
    clock: parts.clock,
  });
  try {
    const grpc = await serveStreams(handler, { ...http2Options(parts), ...common, port: at.grpcPort });
    return { rest, grpc };
  } catch (error) {
    await rest.drain(0);
    throw error;
  }
}

/**
 * Binds a contract with the numbers of the lock file. A process that was told it is in development gives fields without
 * a number one and writes the file; elsewhere a missing number means that what was tried and committed is not what runs.
 */
async function bindWithLock(info: ContractInfo<MethodSpecs>, parts: Parts): Promise<GrpcBinding> {
  const { lockFile, clock, log, environment } = parts;
  if (lockFile === undefined) return bindGrpc(info, emptyLock);
  let binding = bindGrpc(info, await readLock(lockFile));
  const { changes } = binding.assignment;
  if (changes.length === 0) return binding;
  if (environment !== "development") {
    const names = changes.slice(0, 5).map(({ message, field }) => `${message}.${field}`);
    throw new TuskerError(
      "RPC_LOCK",
      `${lockFile} has no numbers for ${names.join(", ")}${changes.length > 5 ? ", …" : ""}; start ${info.name} once in development (TUSKER_ENV=development, or with tusker up) and commit the file`,
      { details: { service: info.name, changes } },
    );
  }
  await updateLock(lockFile, clock, (lock) => {
    binding = bindGrpc(info, lock);
    return binding.assignment.changes.length === 0 ? undefined : binding.assignment.lock;
  });
  log.info(`${lockFile} has ${changes.length} new field numbers of ${info.name}; commit it`);
  return binding;
}

function http2Options({ grpc, clock, random }: Parts): Omit<Parameters<typeof serveStreams>[1], "port"> {
  return {
    engine: grpc.engine,
    // gRPC-Web comes over HTTP/1.1 from browsers without TLS.
    http1: true,
    maxConcurrentStreams: grpc.max_concurrent_streams,
    maxConnectionIdleMs: grpc.max_connection_idle,
    maxConnectionAgeMs: grpc.max_connection_age,
    maxConnectionAgeGraceMs: grpc.max_connection_age_grace,
    maxUnsentBytes: grpc.max_message_size * messagesHeld,
    clock,
    random,
  };
}
