import { z } from "zod";
import { count, durationMs, port, quickly } from "../../kernel/section.ts";

const namePattern = /^[a-z][a-z0-9-]{0,62}$/;

const name = z
  .string("must be text")
  .regex(namePattern, "must be lower-case letters, digits and hyphens, beginning with a letter, 63 at most");

/** What the parts of the platform are called in logs, traces and commands; a service of that name could not be told apart. */
const platformNames: ReadonlySet<string> = new Set(["gateway", "tusker"]);

const serviceName = name.refine(
  (text) => !platformNames.has(text),
  'must not be "gateway" or "tusker": so parts of Tusker are called in logs, traces and commands',
);

/** A map of anything. A record would look at every key of every service, to find that any will do. */
const anyMap = z.looseObject({});

/** `[fleet]`: the fleet as a whole. */
export const fleetSection = z.strictObject({
  name: name.optional().describe("Shown in output, traces and artefacts; default: the name of the folder."),
  data_dir: z
    .string("must be a path")
    .min(1)
    .default(".tusker")
    .describe("Folder for databases, logs and run state, beside the fleet file."),
  try: z
    .string()
    .startsWith("/", "must be a path that begins with /")
    .optional()
    .describe(
      "Path of a first request to try, printed by `tusker up`; default: the first route that takes GET and is no pattern.",
    ),
  stop_timeout: durationMs().prefault("10s").describe("How long a stopping process may finish its work."),
  start_timeout: durationMs().prefault("30s").describe("How long a starting process may take to be ready."),
});

/** One service that Tusker starts (`run`), or that already runs somewhere (`port` without `run`). */
const serviceObject = z.strictObject({
  version: z
    .string("must be text")
    .default("0.0.0")
    .describe("Version of the service, in the registry and on its spans."),
  id: z
    .string("must be text")
    .min(1)
    .optional()
    .describe('Instance id; default: the service\'s name and a number, "user-service-001".'),
  run: z
    .string('must be a command, for example "node services/user.ts"')
    .min(1)
    .optional()
    .describe("The command that starts it. One that begins with `node` runs on Tusker's own Node."),
  port: port().default(0).describe("REST port; 0 lets the system choose."),
  grpc_port: port()
    .optional()
    .describe(
      "gRPC port; default: `[grpc] port` plus the place of the service in the file, past ports that are in use by the fleet.",
    ),
  host: z
    .string("must be a host name or address")
    .default("127.0.0.1")
    .describe("Where a service that already runs listens."),
  health_endpoint: z
    .string()
    .startsWith("/", "must be a path that begins with /")
    .default("/health")
    .describe("Path that answers 2xx when the service is well."),
  dependencies: z
    .array(z.string("must be a name"))
    .default([])
    .describe("Services of this fleet, or externals, that must be ready first."),
  tags: z
    .array(
      z
        .string("must be text")
        .regex(
          /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/,
          "must be letters, digits and hyphens, 63 at most: it becomes part of a name in DNS",
        ),
    )
    .default([])
    .describe(
      'Labels of its instances in the registry; `@service("name", tag="…")` names those that bear one.',
    ),
  instances: count()
    .min(1, "must be 1 or more")
    .max(64, "must be 64 or less")
    .default(1)
    .describe("How many processes; the first takes `port`, the others any free one."),
  cwd: z
    .string("must be a path")
    .default(".")
    .describe("Folder the command runs in, relative to the fleet file."),
  env: anyMap.default({}).describe("More environment variables for the process."),
  config: anyMap.default({}).describe("Handed to the service as its configuration."),
  schema: z
    .string("must be a path")
    .min(1)
    .optional()
    .describe(
      "Schema of `config`, checked after all layers are merged: a file of JSON Schema, or a module that exports a Standard Schema (`config.ts`, or `config.ts#Name` of several).",
    ),
  required: z
    .array(z.string('must be a path such as "database.host"'))
    .default([])
    .describe('Paths inside `config` that must have a value, for example "database.host".'),
  envelope: z
    .boolean("must be true or false")
    .default(false)
    .describe("True: REST bodies are wrapped as {success, data, error}."),
});

/**
 * `[services]`: name → service. The short form `"id:port"` is an instance that already runs on this machine, the form
 * in which registries print what they know.
 */
export const servicesSection = z.record(serviceName, z.preprocess(fromShortForm, serviceObject));

const plainService = quickly(serviceObject);

/** One service as `servicesSection` reads it; undefined when that may have something to say of it, or of its name. */
export function readService(name: string, written: unknown): ServiceSection | undefined {
  return namePattern.test(name) && !platformNames.has(name) ? plainService(written) : undefined;
}

/** `[externals]`: things services depend on that Tusker does not run. */
export const externalsSection = z.record(
  z.string(),
  z.strictObject({
    address: z
      .string('must be "host:port"')
      .regex(/^[^\s:]+:\d{1,5}$/, 'must be "host:port", for example "localhost:5432"')
      .refine(
        (text) => Number(text.slice(text.lastIndexOf(":") + 1)) <= 65_535,
        "must have a port of at most 65535",
      )
      .describe('Where it is, as "host:port".'),
    check: z
      .enum(["tcp", "none"], 'must be "tcp" or "none"')
      .default("tcp")
      .describe('How to see that it is there; "tcp" connects, "none" trusts.'),
    wait: durationMs().prefault("30s").describe("How long dependants wait for it."),
  }),
);

/** `[collector]`: where spans come in. 0 lets the system choose. */
export const collectorSection = z.strictObject({
  enabled: z.boolean("must be true or false").default(true).describe("False receives no spans."),
  otlp_port: port().default(4318).describe("Port for OTLP over HTTP."),
  zipkin_port: port().default(9411).describe("Port for Zipkin spans."),
  jaeger_port: port().default(14_268).describe("Port for Jaeger spans (Thrift over HTTP)."),
});

/** `[control]`: admin API and dashboard. */
export const controlSection = z.strictObject({
  port: port().default(9400).describe("Port of the admin API and the dashboard. 0 lets the system choose."),
  bind: z.string("must be an address").default("127.0.0.1").describe("Address to listen on."),
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
