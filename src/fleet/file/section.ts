import { z } from "zod";
import { count, durationMs, port } from "../../kernel/index.ts";

const name = z
  .string("must be text")
  .regex(
    /^[a-z][a-z0-9-]{0,62}$/,
    "must be lower-case letters, digits and hyphens, beginning with a letter, 63 at most",
  );

/** `[fleet]`: the fleet as a whole. */
export const fleetSection = z.strictObject({
  /** Shown in output, traces and artefacts; default: the name of the folder. */
  name: name.optional(),
  /** Folder for databases, logs and run state, beside the fleet file; default ".tusker". */
  data_dir: z.string("must be a path").min(1).default(".tusker"),
  /** Path of a first request to try, printed by `tusker up`; default: the first route that takes GET. */
  try: z.string().startsWith("/", "must be a path that begins with /").optional(),
  /** How long a stopping process may finish its work; default "10s". */
  stop_timeout: durationMs().default(10_000),
  /** How long a starting process may take to be ready; default "30s". */
  start_timeout: durationMs().default(30_000),
});

/** One service that Tusker starts (`run`), or that already runs somewhere (`port` without `run`). */
const serviceObject = z.strictObject({
  version: z.string("must be text").default("0.0.0"),
  /** Instance id; default: the service's name and a number, "user-service-001". */
  id: z.string("must be text").min(1).optional(),
  /** The command that starts it. One that begins with `node` runs on Tusker's own Node. */
  run: z.string('must be a command, for example "node services/user.ts"').min(1).optional(),
  /** REST port; default 0, which lets the system choose. */
  port: port().default(0),
  /** gRPC port; default: `[grpc] port` plus the place of the service in the file. */
  grpc_port: port().optional(),
  /** Where a service that already runs listens; default 127.0.0.1. */
  host: z.string("must be a host name or address").default("127.0.0.1"),
  /** Path that answers 2xx when the service is well; default "/health". */
  health_endpoint: z.string().startsWith("/", "must be a path that begins with /").default("/health"),
  /** Services of this fleet, or externals, that must be ready first. */
  dependencies: z.array(z.string("must be a name")).default([]),
  /** How many processes; the first takes `port`, the others any free one. Default 1. */
  instances: count().min(1, "must be 1 or more").max(64, "must be 64 or less").default(1),
  /** Folder the command runs in, relative to the fleet file; default: the fleet file's folder. */
  cwd: z.string("must be a path").default("."),
  /** More environment variables for the process. */
  env: z.record(z.string(), z.unknown()).default({}),
  /** Handed to the service as its configuration. */
  config: z.record(z.string(), z.unknown()).default({}),
  /** Paths inside `config` that must have a value, for example "database.host". */
  required: z.array(z.string('must be a path such as "database.host"')).default([]),
  /** True: REST bodies are wrapped as {success, data, error}. Default false. */
  envelope: z.boolean("must be true or false").default(false),
});

/**
 * `[services]`: name → service. The short form `"id:port"` is an instance that already runs on this machine, the form
 * in which registries print what they know.
 */
export const servicesSection = z.record(name, z.preprocess(fromShortForm, serviceObject));

/** `[externals]`: things services depend on that Tusker does not run. */
export const externalsSection = z.record(
  z.string(),
  z.strictObject({
    /** "host:port". */
    address: z
      .string('must be "host:port"')
      .regex(/^[^\s:]+:\d{1,5}$/, 'must be "host:port", for example "localhost:5432"'),
    /** How to see that it is there; "tcp" (default) connects, "none" trusts. */
    check: z.enum(["tcp", "none"], 'must be "tcp" or "none"').default("tcp"),
    /** How long dependants wait for it; default "30s". */
    wait: durationMs().default(30_000),
  }),
);

/** `[collector]`: where spans come in. 0 lets the system choose. */
export const collectorSection = z.strictObject({
  enabled: z.boolean("must be true or false").default(true),
  otlp_port: port().default(4318),
  zipkin_port: port().default(9411),
  jaeger_port: port().default(14_268),
});

/** `[control]`: admin API and dashboard. */
export const controlSection = z.strictObject({
  port: port().default(9400),
  bind: z.string("must be an address").default("127.0.0.1"),
});

export type FleetSection = z.output<typeof fleetSection>;
export type ServiceSection = z.output<typeof serviceObject>;
export type ExternalSection = z.output<typeof externalsSection>[string];
export type CollectorSection = z.output<typeof collectorSection>;
export type ControlSection = z.output<typeof controlSection>;

function fromShortForm(value: unknown): unknown {
  const match = typeof value === "string" ? /^([\w.-]+):(\d{1,5})$/.exec(value) : null;
  return match === null ? value : { id: match[1], port: Number(match[2]) };
}
