import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type Discovery,
  type Endpoint,
  registryDiscovery,
  serviceResolver,
  staticDiscovery,
} from "../discovery/index.ts";
import {
  type Clock,
  type Random,
  type ServiceResolver,
  systemClock,
  systemRandom,
  TuskerError,
  validatedWithServices,
  withReferences,
} from "../kernel/index.ts";
import { type HttpClient, httpClient } from "../net/index.ts";
import {
  createLogger,
  humanLines,
  jsonLines,
  type Logger,
  type Send,
  startTracing,
  type Tracer,
  type Tracing,
} from "../telemetry/index.ts";
import { type FixedEndpoint, type ProcessConfig, readConfig } from "./config.ts";
import { sentence } from "./dispatch.ts";
import { isValues, merged, type Values } from "./live/overlay.ts";
import { followPublished, nothingPublished, type Published } from "./live/published.ts";
import { findLockFile } from "./proto/lock-file.ts";
import type { FieldProblem, OutputOf, Schema, SchemaResult } from "./schema.ts";
import type { ApiCommunicationSettings, GrpcSettings } from "./section.ts";

/** What servers and clients use. A process has one set; tests and embedders hand in their own. */
export interface Parts {
  readonly clock: Clock;
  readonly random: Random;
  readonly tracer: Tracer;
  readonly log: Logger;
  readonly grpc: GrpcSettings;
  readonly calls: ApiCommunicationSettings;
  /** Undefined when there is no registry: clients then need `url`. */
  readonly discovery: Discovery | undefined;
  /** File of the gRPC field numbers; undefined numbers fields in the order of the contract. */
  readonly lockFile: string | undefined;
  /** Only a process that was told "development" writes new field numbers. */
  readonly environment: string | undefined;
}

/** The parts of this process, made from its environment when first used. */
export class Runtime implements Parts, AsyncDisposable {
  readonly config: ProcessConfig;
  readonly clock: Clock = systemClock;
  readonly random: Random = systemRandom;
  readonly lockFile: string | undefined;
  #name: string;
  #http: HttpClient | undefined;
  #tracing: Tracing | undefined;
  #log: Logger | undefined;
  #discovery: Discovery | undefined;
  #published: Published | undefined;
  #fileSettings: Values | undefined;
  #followers = 0;

  /** @param name of the service, should nobody else have said it */
  constructor(config: ProcessConfig, name: string) {
    this.config = config;
    this.#name = config.service ?? name;
    this.lockFile = config.lockFile ?? findLockFile(process.cwd());
  }

  get service(): string {
    return this.#name;
  }

  get grpc(): GrpcSettings {
    return this.config.grpc;
  }

  get environment(): string | undefined {
    return this.config.environment;
  }

  get calls(): ApiCommunicationSettings {
    return this.config.calls;
  }

  get log(): Logger {
    this.#log ??= createLogger({
      service: this.#name,
      format: process.env.TUSKER_LOG === "json" ? jsonLines : humanLines({ color: process.stdout.isTTY }),
      write: (line) => process.stdout.write(`${line}\n`),
      clock: this.clock,
    });
    return this.#log;
  }

  get tracer(): Tracer {
    const { config } = this;
    this.#tracing ??= startTracing({
      service: this.#name,
      instance: config.instance,
      attributes: {
        "service.version": config.version,
        ...(config.environment === undefined ? {} : { "deployment.environment.name": config.environment }),
      },
      settings: config.tracing,
      endpoints: config.otlpEndpoint === undefined ? [] : [config.otlpEndpoint],
      send: (request, signal) => this.#send(request, signal),
      clock: this.clock,
      random: this.random,
      log: this.log,
    });
    return this.#tracing.tracer;
  }

  get discovery(): Discovery | undefined {
    const { registry, endpoints } = this.config;
    if (registry === undefined) {
      if (endpoints.length > 0) this.#discovery ??= staticDiscovery(endpoints.map(fixedEndpoint));
      return this.#discovery;
    }
    this.#discovery ??= registryDiscovery({
      url: registry.url,
      updateIntervalMs: registry.updateIntervalMs,
      http: this.#client(),
      token: registry.token,
      clock: this.clock,
      random: this.random,
      log: this.log,
      cacheDir: this.#cacheDir,
    });
    return this.#discovery;
  }

  /** The service's configuration: the file's, and over it what was published: by the start, or by now if it is followed. */
  get settings(): Values {
    return merged(this.fileSettings, this.#published?.values ?? this.config.published);
  }

  /** As the file has it, with references to services that this process finds. */
  get fileSettings(): Values {
    this.#fileSettings ??= withServices(this.config, this.#resolver);
    return this.#fileSettings;
  }

  /**
   * Follows what is published for this service, once for all who ask; it ends with the last of them. Without a
   * registry nothing is ever published.
   */
  followPublished(): Published {
    const { registry } = this.config;
    if (registry === undefined) return nothingPublished;
    this.#published ??= followPublished({
      service: this.#name,
      atStart: this.config.published,
      url: registry.url,
      http: this.#client(),
      token: registry.token,
      clock: this.clock,
      random: this.random,
      log: this.log,
      cacheDir: this.#cacheDir,
    });
    const published = this.#published;
    this.#followers++;
    let left: Promise<void> | undefined;
    const leave = async (): Promise<void> => {
      if (--this.#followers > 0) return;
      this.#published = undefined;
      await published[Symbol.asyncDispose]();
    };
    return {
      ready: published.ready,
      get values() {
        return published.values;
      },
      subscribe: (listener) => published.subscribe(listener),
      [Symbol.asyncDispose]: () => (left ??= leave()),
    };
  }

  /** The name a contract gives, as long as nobody else named the process. */
  nameBy(contract: string): void {
    if (this.config.service === undefined && this.#tracing === undefined) this.#name = contract;
  }

  /** Sends the last spans and closes connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tracing?.[Symbol.asyncDispose]();
    await this.#published?.[Symbol.asyncDispose]();
    await this.#discovery?.[Symbol.asyncDispose]();
    await this.#http?.[Symbol.asyncDispose]();
  }

  readonly #resolver: ServiceResolver = {
    instances: (target, signal) => this.#services().instances(target, signal),
    watch: (target, listener) => this.#services().watch(target, listener),
  };

  #services(): ServiceResolver {
    if (this.discovery !== undefined) return serviceResolver(this.discovery);
    throw new TuskerError(
      "DISCOVERY_UNREACHABLE",
      "this process was told of no registry to find services in",
    );
  }

  /** Only a process that was given a folder keeps anything. */
  get #cacheDir(): string | undefined {
    const { dataDir } = this.config;
    return dataDir === undefined ? undefined : join(dataDir, ".registry");
  }

  #client(): HttpClient {
    this.#http ??= httpClient();
    return this.#http;
  }

  async #send(request: Parameters<Send>[0], signal: AbortSignal): ReturnType<Send> {
    const answer = await this.#client().request({ method: "POST", ...request, signal });
    await answer.bytes(1024 * 1024);
    return { status: answer.status, header: (name) => answer.header(name) };
  }
}

function withServices({ settings, references }: ProcessConfig, resolver: ServiceResolver): Values {
  if (references.length === 0) return settings;
  const made = withReferences(settings, references, resolver);
  return isValues(made) ? made : settings;
}

function fixedEndpoint({ grpcPort, ...where }: FixedEndpoint): Endpoint {
  return {
    ...where,
    meta: grpcPort === undefined ? {} : { grpc_port: String(grpcPort) },
    weight: 1,
  };
}

/** The runtime's parts with some replaced. Getters stay unread until a part is needed. */
export function partsOf(runtime: Runtime, own: Partial<Parts> = {}): Parts {
  return {
    clock: own.clock ?? runtime.clock,
    random: own.random ?? runtime.random,
    tracer: own.tracer ?? runtime.tracer,
    log: own.log ?? runtime.log,
    grpc: own.grpc ?? runtime.grpc,
    calls: own.calls ?? runtime.calls,
    discovery: "discovery" in own ? own.discovery : runtime.discovery,
    lockFile: "lockFile" in own ? own.lockFile : runtime.lockFile,
    environment: own.environment ?? runtime.environment,
  };
}

let current: Runtime | undefined;

/** The runtime of this process; the environment is read on the first call. @throws TuskerError RPC_CONFIG */
export function processRuntime(name: string = "service"): Runtime {
  current ??= new Runtime(readConfig(process.env), name);
  return current;
}

/**
 * The service's `config` block of the fleet file, parsed by a schema of the service. While `liveSettings` follows what
 * is published, with that laid over it.
 *
 * @throws TuskerError RPC_CONFIG naming every key that does not fit
 * @example const { stripe_api_key } = settings(z.object({ stripe_api_key: z.string() }));
 */
export function settings<S extends Schema>(schema: S): OutputOf<S> {
  return settingsOf(processRuntime(), schema);
}

/** As `settings`, of a runtime. What was published and does not fit counts as not published. */
export function settingsOf<S extends Schema>(runtime: Runtime, schema: S): OutputOf<S> {
  try {
    return parseSettings(runtime, schema);
  } catch {
    return parseSettings(runtime, schema, runtime.fileSettings);
  }
}

/**
 * @param values default: as they are now
 * @throws TuskerError RPC_CONFIG
 */
export function parseSettings<S extends Schema>(
  runtime: Runtime,
  schema: S,
  values: Values = runtime.settings,
): OutputOf<S> {
  const { service } = runtime;
  const result = validatedWithServices(values, (data) => validated(schema, data));
  if (result.issues === undefined) return result.value;
  const problems: FieldProblem[] = result.issues.map((issue) => ({
    path: (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join("."),
    message: issue.message,
  }));
  throw new TuskerError("RPC_CONFIG", `config of ${service}: ${sentence(problems)}`, {
    details: { problems },
  });
}

function validated<S extends Schema>(schema: S, values: unknown): SchemaResult<OutputOf<S>> {
  const result = schema["~standard"].validate(values);
  if (!(result instanceof Promise)) return result;
  // Nobody waits for it; a rejection must not end the process.
  result.catch(() => undefined);
  throw new TuskerError("RPC_CONFIG", "the schema of settings() must not be asynchronous");
}

/**
 * Path of a file in the service's own data folder, which exists when this returns.
 *
 * @example const db = new DatabaseSync(dataFile("users.db"), { timeout: 5_000 }); // instances share it
 */
export function dataFile(name: string): string {
  if (!/^[\w.-]+$/.test(name) || name.startsWith(".")) {
    throw new TuskerError("RPC_CONFIG", `"${name}" is no plain file name; data files lie in one folder`);
  }
  const { config, service } = processRuntime();
  const folder = config.dataDir ?? join(process.cwd(), ".tusker", "data", service);
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

/** Writes lines under the service's name; within a call they carry its trace. */
export const log: Logger = {
  debug: (message, fields) => processRuntime().log.debug(message, fields),
  info: (message, fields) => processRuntime().log.info(message, fields),
  warn: (message, fields) => processRuntime().log.warn(message, fields),
  error: (message, fields) => processRuntime().log.error(message, fields),
  child: (fields) => processRuntime().log.child(fields),
  enabled: (level) => processRuntime().log.enabled(level),
};
