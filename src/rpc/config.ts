import { readFileSync } from "node:fs";
import { z } from "zod";
import { messageOf, type PlacedReference, Secret, TuskerError } from "../kernel/index.ts";
import { durationMs, port } from "../kernel/section.ts";
import { type TracingSettings, tracingSection } from "../telemetry/section.ts";
import {
  type ApiCommunicationSettings,
  apiCommunicationSection,
  type GrpcSettings,
  grpcSection,
} from "./section.ts";

/** What a service process was told, by its supervisor or by nobody. Every value has a default. */
export interface ProcessConfig {
  /** Undefined when nobody said: the contract's name then. */
  readonly service: string | undefined;
  readonly version: string;
  readonly instance: string | undefined;
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  readonly grpcPort: number;
  readonly healthPath: string;
  readonly envelope: boolean;
  /** The service's own `config` block, as the file has it. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Where `settings` has texts that name services. */
  readonly references: readonly PlacedReference[];
  /** What was published for the service when it was started. */
  readonly published: Readonly<Record<string, unknown>>;
  readonly grpc: GrpcSettings;
  readonly calls: ApiCommunicationSettings;
  readonly tracing: TracingSettings;
  readonly registry:
    | { readonly url: string; readonly updateIntervalMs: number; readonly token: Secret | undefined }
    | undefined;
  /** Where the services are when there is no registry: the addresses of the fleet file. */
  readonly endpoints: readonly FixedEndpoint[];
  readonly otlpEndpoint: string | undefined;
  readonly dataDir: string | undefined;
  readonly lockFile: string | undefined;
  /** Undefined when nobody said: then nothing may be taken for granted, least of all that this is development. */
  readonly environment: string | undefined;
  /** True when a supervisor started this process and waits for its report. */
  readonly supervised: boolean;
}

/** One address of the fleet file. */
export type FixedEndpoint = z.output<typeof fixedEndpoint>;

const fixedEndpoint = z.object({
  service: z.string(),
  id: z.string(),
  host: z.string(),
  port: port(),
  grpcPort: port().optional(),
  tags: z.array(z.string()).default([]),
});

const placedReference = z.object({
  path: z.array(z.union([z.string(), z.number()])),
  name: z.string(),
  port: z.enum(["rest", "grpc"]).optional(),
  tag: z.string().optional(),
});

type Environment = Readonly<Record<string, string | undefined>>;

/** The file named by TUSKER_CONFIG_FILE. Unknown keys belong to newer supervisors and are left alone. */
const fileShape = z.object({
  service: z
    .object({
      name: z.string().optional(),
      version: z.string().optional(),
      instance: z.string().optional(),
      port: port().optional(),
      grpcPort: port().nullish(),
      healthEndpoint: z.string().optional(),
      config: z.record(z.string(), z.unknown()).optional(),
      references: z.array(placedReference).default([]),
      fileConfig: z.record(z.string(), z.unknown()).optional(),
      published: z.record(z.string(), z.unknown()).optional(),
    })
    .prefault({}),
  grpc: grpcSection.prefault({}),
  api_communication: apiCommunicationSection.prefault({}),
  tracing: tracingSection.prefault({}),
  registry: z
    .object({ url: z.string(), token: z.string().optional(), updateInterval: durationMs().prefault("30s") })
    .nullish(),
  endpoints: z.array(fixedEndpoint).default([]),
  dataDir: z.string().optional(),
  lockFile: z.string().optional(),
  environment: z.string().optional(),
  envelope: z.boolean().optional(),
});

/**
 * Reads the environment, and the file it names, once.
 *
 * @throws TuskerError RPC_CONFIG naming what is wrong and where
 */
export function readConfig(env: Environment): ProcessConfig {
  const file = readFile(env.TUSKER_CONFIG_FILE);
  const { service } = file;
  const registryUrl = env.TUSKER_REGISTRY_URL ?? file.registry?.url;
  return {
    service: env.TUSKER_SERVICE ?? service.name ?? env.OTEL_SERVICE_NAME,
    version: service.version ?? "0.0.0",
    instance: env.TUSKER_INSTANCE ?? service.instance,
    host: env.TUSKER_BIND ?? "127.0.0.1",
    port: readPort(env, "PORT") ?? service.port ?? 0,
    grpcPort: readPort(env, "GRPC_PORT") ?? service.grpcPort ?? 0,
    healthPath: service.healthEndpoint ?? "/health",
    envelope: file.envelope ?? false,
    settings: service.fileConfig ?? service.config ?? {},
    references: service.references,
    published: service.published ?? {},
    grpc: file.grpc,
    calls: file.api_communication,
    tracing: file.tracing,
    registry: registryUrl
      ? {
          url: registryUrl,
          updateIntervalMs: file.registry?.updateInterval ?? 30_000,
          token: secretOf(file.registry?.token ?? env.CONSUL_HTTP_TOKEN),
        }
      : undefined,
    endpoints: file.endpoints,
    otlpEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT || undefined,
    dataDir: env.TUSKER_DATA_DIR ?? file.dataDir,
    lockFile: env.TUSKER_LOCK ?? file.lockFile,
    environment: env.TUSKER_ENV ?? file.environment,
    supervised: env.TUSKER_SERVICE !== undefined,
  };
}

function secretOf(text: string | undefined): Secret | undefined {
  return text === undefined || text === "" ? undefined : new Secret(text);
}

function readFile(path: string | undefined): z.output<typeof fileShape> {
  if (path === undefined) return fileShape.parse({});
  let written: unknown;
  try {
    written = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new TuskerError(
      "RPC_CONFIG",
      `TUSKER_CONFIG_FILE names ${path}, which cannot be read: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
  const parsed = fileShape.safeParse(written);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
  throw new TuskerError("RPC_CONFIG", `${path}: ${problems.join("; ")}`, { details: { file: path } });
}

function readPort(env: Environment, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (/^\d{1,5}$/.test(text) && value <= 65_535) return value;
  throw new TuskerError("RPC_CONFIG", `${name} is "${text}"; it must be a whole number 0–65535`);
}
