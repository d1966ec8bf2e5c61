import { isCode, TuskerError } from "../kernel/index.ts";
import { type GrpcStatusName, grpcStatus, grpcStatusOf } from "./grpc/status.ts";
import { type PathTemplate, parsePath, shapeOf } from "./rest/path.ts";
import {
  type InputOf,
  type JsonSchema,
  jsonSchemaOf,
  type OutputOf,
  resolveRef,
  type Schema,
} from "./schema.ts";

export type Verb = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What one method of a service takes, gives and may answer instead. */
export type MethodSpec = CallSpec | StreamSpec;

interface AnySpec {
  /** An object. Of a stream: each message of the caller. */
  readonly in: Schema;
  /** What the method answers: plain JSON, no transforms. Of a stream: each message of the answer. */
  readonly out: Schema;
  /** Errors that are part of the answer: code → HTTP status 400–599, or that and the gRPC status. */
  readonly errors?: Readonly<Record<string, number | FaultStatus>>;
  /** True when a repeat does no harm, so that a failed call may be sent again; default: GET, PUT and DELETE. */
  readonly idempotent?: boolean;
  /** One line for OpenAPI. */
  readonly summary?: string;
}

/** What a declared error is over either protocol, where the usual gRPC status of an HTTP status is not what is meant. */
export interface FaultStatus {
  readonly http: number;
  readonly grpc: Exclude<GrpcStatusName, "OK">;
}

/** One message in, one out: over REST and gRPC. */
export interface CallSpec extends AnySpec {
  /**
   * Verb and path over REST; `{name}` takes the input field of that name, the others come from the query (GET and
   * DELETE) or the JSON body (POST, PUT, PATCH).
   */
  readonly http: `${Verb} /${string}`;
  /** HTTP status of success; default 200. */
  readonly status?: 200 | 201 | 202;
  readonly stream?: undefined;
}

/** Messages that come over time: over gRPC alone. */
export interface StreamSpec extends AnySpec {
  /** What comes over time: what the caller sends, what the method answers, or both. */
  readonly stream: Streaming;
  readonly http?: undefined;
  readonly status?: undefined;
}

export type Streaming = "in" | "out" | "both";

export type MethodSpecs = Readonly<Record<string, MethodSpec>>;

export interface ContractOptions {
  /** What clients speak when they do not say; default "rest". */
  readonly protocol?: Protocol;
}

export type Protocol = "rest" | "grpc";

/** One method of a contract, compiled and checked. `Users.getUser` is one. */
export interface Method<S extends MethodSpec = MethodSpec> {
  readonly service: string;
  readonly name: string;
  readonly spec: S;
  /** Undefined: one message each way. */
  readonly stream: Streaming | undefined;
  readonly verb: Verb;
  /** Over REST; that of a stream is nowhere served. */
  readonly path: PathTemplate;
  readonly idempotent: boolean;
  /** JSON Schema of what may be sent. */
  readonly input: JsonSchema;
  /** JSON Schema of what is answered. */
  readonly output: JsonSchema;
}

/** Where a contract keeps its own facts, so that every name is free for methods. */
export const contractInfo: unique symbol = Symbol.for("tusker.contract");

export interface ContractInfo<M extends MethodSpecs = MethodSpecs> {
  readonly name: string;
  readonly protocol: Protocol;
  readonly methods: readonly Method[];
  /** Only for inference. */
  readonly specs: M;
}

/** A service as data: what it is called, its methods, their types. */
export type Contract<M extends MethodSpecs = MethodSpecs> = { readonly [K in keyof M]: Method<M[K]> } & {
  readonly [contractInfo]: ContractInfo<M>;
};

/** The method specs of a contract's type: `SpecsOf<typeof Users>`. */
export type SpecsOf<C> = C extends { readonly [contractInfo]: ContractInfo<infer M> } ? M : never;

/** The declared error codes of a method. */
export type FaultCode<S extends MethodSpec> = keyof S["errors"] & string;
/** What a caller passes. */
export type MethodInput<S extends MethodSpec> = InputOf<S["in"]>;
/** What a caller gets. */
export type MethodOutput<S extends MethodSpec> = OutputOf<S["out"]>;

/**
 * Declares a service. Server, client, REST, gRPC and OpenAPI all come from this one value; types are inferred.
 * The contract checks itself here, so that a mistake is found when the module loads and not when a request arrives.
 *
 * @param name the service's name in the fleet file, `[a-z0-9-]`
 * @throws TuskerError RPC_CONTRACT
 * @example
 * const Users = contract("user-service", {
 *   getUser: { http: "GET /users/{id}", in: z.object({ id: z.string() }), out: User, errors: { NOT_FOUND: 404 } },
 * });
 */
export function contract<const M extends MethodSpecs>(
  name: string,
  methods: M,
  options: ContractOptions = {},
): Contract<M> {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) {
    throw new TuskerError(
      "RPC_CONTRACT",
      `"${name}" is no service name; use lower-case letters, digits and "-"`,
    );
  }
  const compiled: Method[] = [];
  const taken = new Map<string, string>();
  for (const [key, spec] of Object.entries(methods)) {
    const method = compileMethod(name, key, spec);
    compiled.push(method);
    if (method.stream !== undefined) continue;
    const shape = `${method.verb} ${shapeOf(method.path)}`;
    const other = taken.get(shape);
    if (other !== undefined) {
      throw new TuskerError(
        "RPC_CONTRACT",
        `${name}: ${other} and ${key} both answer ${spec.http}; give one another path`,
      );
    }
    taken.set(shape, key);
  }
  const info = { name, protocol: options.protocol ?? "rest", methods: compiled, specs: methods };
  const byName = Object.fromEntries(compiled.map((method) => [method.name, method]));
  // The mapped type follows from how `byName` is filled above; TypeScript cannot see through fromEntries.
  return Object.freeze({ ...byName, [contractInfo]: info }) as unknown as Contract<M>;
}

/** The facts of a contract. */
export function infoOf<M extends MethodSpecs>(of: Contract<M>): ContractInfo<M> {
  return of[contractInfo];
}

function compileMethod(service: string, name: string, spec: MethodSpec): Method {
  const where = `${service}.${name}`;
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) {
    throw new TuskerError(
      "RPC_CONTRACT",
      `${where}: a method is called like getUser (camelCase, letters and digits)`,
    );
  }
  if (spec.stream !== undefined) return compileStream(service, name, spec);
  const match = /^(GET|POST|PUT|PATCH|DELETE) (\S+)$/.exec(spec.http);
  if (match === null) {
    throw new TuskerError(
      "RPC_CONTRACT",
      `${where}: http is "${spec.http}"; write it like "GET /users/{id}"`,
    );
  }
  const verb = match[1] as Verb;
  const path = parsePath(match[2] ?? "", where);
  const input = jsonSchemaOf(spec.in, "input", `${where}: in`);
  const output = jsonSchemaOf(spec.out, "output", `${where}: out`);
  checkInput(where, verb, path, input);
  checkErrors(where, spec.errors ?? {});
  const idempotent = spec.idempotent ?? (verb === "GET" || verb === "PUT" || verb === "DELETE");
  return { service, name, spec, stream: undefined, verb, path, idempotent, input, output };
}

function compileStream(service: string, name: string, spec: StreamSpec): Method {
  const where = `${service}.${name}`;
  if (!["in", "out", "both"].includes(spec.stream) || spec.http !== undefined) {
    throw new TuskerError(
      "RPC_CONTRACT",
      `${where}: stream is "in", "out" or "both", and such a method has no http: streams are served over gRPC`,
    );
  }
  const input = jsonSchemaOf(spec.in, "input", `${where}: in`);
  const output = jsonSchemaOf(spec.out, "output", `${where}: out`);
  const path = parsePath(`/${name}`, where);
  checkInput(where, "POST", path, input);
  checkErrors(where, spec.errors ?? {});
  const idempotent = spec.idempotent ?? false;
  return { service, name, spec, stream: spec.stream, verb: "POST", path, idempotent, input, output };
}

/** The verbs whose input has no body: RFC 9110 §9.3.1 and §9.3.5 give content in GET and DELETE no meaning. */
export function hasBody(verb: Verb): boolean {
  return verb !== "GET" && verb !== "DELETE";
}

function checkInput(where: string, verb: Verb, path: PathTemplate, input: JsonSchema): void {
  const root = resolveRef(input, input);
  const properties = root.properties ?? {};
  if (root.type !== "object") {
    throw new TuskerError("RPC_CONTRACT", `${where}: in must be an object, so that it can be grown later`);
  }
  for (const param of path.params) {
    const schema = properties[param];
    if (schema === undefined) {
      throw new TuskerError(
        "RPC_CONTRACT",
        `${where}: path parameter {${param}} is no field of in; add it or rename it`,
      );
    }
    if (!isText(schema, input)) {
      throw new TuskerError(
        "RPC_CONTRACT",
        `${where}: path parameter {${param}} must be a string, number or boolean`,
      );
    }
  }
  if (hasBody(verb)) return;
  for (const [field, schema] of Object.entries(properties)) {
    const resolved = resolveRef(schema, input);
    const item = resolved.type === "array" && resolved.items !== undefined ? resolved.items : resolved;
    if (!isText(item, input)) {
      throw new TuskerError(
        "RPC_CONTRACT",
        `${where}: ${verb} sends "${field}" in the query, where only text, numbers, booleans and lists of them fit; use POST`,
      );
    }
  }
}

/** True when a value of this schema can be told from its text. */
function isText(schema: JsonSchema, root: JsonSchema): boolean {
  const { type, anyOf, const: constant, enum: values } = resolveRef(schema, root);
  if (anyOf !== undefined) return anyOf.every((branch) => isText(branch, root));
  const types = typeof type === "string" ? [type] : (type ?? []);
  if (types.length === 0) return [constant, ...(values ?? [])].some((value) => typeof value === "string");
  return types.every((one) => ["string", "integer", "number", "boolean", "null"].includes(one));
}

/** The statuses of a declared error; undefined when the method declares none of that code. */
export function faultStatus(method: Method, code: string): { http: number; grpc: number } | undefined {
  const { errors = {} } = method.spec;
  const declared = Object.hasOwn(errors, code) ? errors[code] : undefined;
  if (declared === undefined) return undefined;
  if (typeof declared === "number") return { http: declared, grpc: grpcStatusOf(declared) };
  return { http: declared.http, grpc: grpcStatus[declared.grpc] };
}

function checkErrors(where: string, errors: Readonly<Record<string, number | FaultStatus>>): void {
  for (const [code, declared] of Object.entries(errors)) {
    const status = typeof declared === "number" ? declared : declared.http;
    if (
      typeof declared === "object" &&
      (!Object.hasOwn(grpcStatus, declared.grpc) || grpcStatus[declared.grpc] < 1)
    ) {
      throw new TuskerError(
        "RPC_CONTRACT",
        `${where}: error ${code} has the gRPC status ${declared.grpc}; use a name such as "ABORTED", and not "OK"`,
      );
    }
    if (!/^[A-Z][A-Z0-9_]*$/.test(code)) {
      throw new TuskerError("RPC_CONTRACT", `${where}: error "${code}" must be written like NOT_FOUND`);
    }
    if (isCode(code)) {
      throw new TuskerError(
        "RPC_CONTRACT",
        `${where}: error ${code} is a code of the platform; choose another name`,
      );
    }
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new TuskerError("RPC_CONTRACT", `${where}: error ${code} has status ${status}; use 400–599`);
    }
  }
}
