import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, resolve, sep } from "node:path";
import { type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import {
  messageOf,
  type PlacedReference,
  referencesIn,
  Secret,
  ServiceRef,
  validatedWithServices,
  withoutReferences,
} from "../../../kernel/index.ts";
import type { ArgumentSchema } from "../../../tsk/index.ts";
import { SchemaError, type Violation } from "../validate.ts";
import { versionOf } from "./schema-imports.ts";

/** True for the path of a module that exports a schema: `./config.ts`, or `./config.ts#Config` when it exports several. */
export function isModule(file: string): boolean {
  return /\.[cm]?[jt]s(?:#|$)/.test(file);
}

/**
 * Checks a value with the Standard Schema (https://standardschema.dev, version 1) that a module exports. The schema sees
 * secrets in plain text, but nothing it says about one is passed on. It only judges: defaults and conversions of the
 * schema do not change the value.
 *
 * @param file path of the module, from `root` and below it, with `#name` for one of several exports
 * @throws SchemaError when the module cannot be loaded or has no such schema
 */
export function moduleViolations(value: unknown, file: string, root: string): readonly Violation[] {
  const secrets: string[] = [];
  const plain = revealed(value, secrets);
  try {
    return judgedBy(plain, file, root).map(({ path, message }) => {
      // Of a secret not even a part is told, or how long it is.
      const secret = valueIn(value, path) instanceof Secret;
      return { path, message: secret ? "is not what the schema asks for" : scrubbed(message, secrets) };
    });
  } catch (error) {
    throw new SchemaError(scrubbed(messageOf(error), secrets));
  }
}

/**
 * What a schema says of data in plain text.
 *
 * @throws SchemaError as `moduleViolations` does; what it says may hold what the data does
 */
export function violationsBy(plain: unknown, file: string, root: string): readonly Violation[] {
  const schema = loadSchema(file, root);
  let result: ReturnType<typeof answered>;
  try {
    result = validatedWithServices(plain, (data) => answered(schema, data));
  } catch (error) {
    if (error instanceof SchemaError) throw error;
    throw new SchemaError(`it failed: ${messageOf(error)}`);
  }
  return (result.issues ?? []).map(({ path = [], message }) => ({ path: path.map(keyOf), message }));
}

/** The version of each module that this process has loaded: it keeps a module for as long as it lives. */
const loaded = new Map<string, string>();

/** Judged here; by a module that has changed since it was loaded, or imports one that has, in a thread that loads it anew. */
function judgedBy(plain: unknown, file: string, root: string): readonly Violation[] {
  const path = modulePath(file, root);
  const version = versionOf(path);
  const known = loaded.get(path) ?? version;
  loaded.set(path, known);
  return known === version ? violationsBy(plain, file, root) : inThread(plain, file, root);
}

/** Where a module stands that `./config.ts#Config` names. */
export function modulePath(file: string, root: string): string {
  return resolve(root, file.split("#", 1)[0] ?? "");
}

/** What a thread is asked: to hold data, in plain text, against the schema of a module. */
export interface SchemaQuestion {
  readonly file: string;
  readonly root: string;
  readonly value: unknown;
  /** Where the data has references to services. */
  readonly references: readonly PlacedReference[];
  readonly port: MessagePort;
  /** Set to 1 once the answer is sent. */
  readonly answered: Int32Array;
}

/** What it found, or why it could not look. */
export type SchemaAnswer = { readonly found: readonly Violation[] } | { readonly failed: string };

/** How long a thread may take to load a module and to judge. */
const threadMs = 10_000;

/** Whoever reads a fleet waits for all of it: so also for this. */
function inThread(plain: unknown, file: string, root: string): readonly Violation[] {
  const { port1, port2 } = new MessageChannel();
  const done = new Int32Array(new SharedArrayBuffer(4));
  const value = withoutReferences(plain);
  const references = referencesIn(plain);
  const question: SchemaQuestion = { file, root, value, references, port: port2, answered: done };
  const worker = new Worker(new URL(`./schema-thread${extname(import.meta.url)}`, import.meta.url), {
    workerData: question,
    transferList: [port2],
  });
  worker.on("error", () => undefined);
  worker.unref();
  Atomics.wait(done, 0, 0, threadMs);
  const told: { readonly message: SchemaAnswer } | undefined = receiveMessageOnPort(port1);
  void worker.terminate();
  port1.close();
  if (told === undefined)
    throw new SchemaError("its changed module cannot be run, or takes longer than 10 s");
  if ("failed" in told.message) throw new SchemaError(told.message.failed);
  return told.message.found;
}

function answered(
  schema: ArgumentSchema,
  value: unknown,
): Awaited<ReturnType<ArgumentSchema["~standard"]["validate"]>> {
  const result = schema["~standard"].validate(value);
  if (!(result instanceof Promise)) return result;
  // Nobody waits for it; a rejection must not end the process.
  result.catch(() => undefined);
  throw new SchemaError("it answers later; a schema of configuration must answer at once");
}

/**
 * The schema that a module exports.
 *
 * @throws SchemaError as `moduleViolations` does
 */
export function loadSchema(file: string, root: string): ArgumentSchema {
  const [path = "", name] = file.split("#", 2);
  const absolute = inside(resolve(root, path), root);
  let module: unknown;
  try {
    module = createRequire(absolute)(absolute);
  } catch (error) {
    throw new SchemaError(`${path} cannot be loaded: ${messageOf(error)}`);
  }
  const exported = Object.entries(typeof module === "object" && module !== null ? module : {});
  const schemas = exported.filter(([key]) => name === undefined || key === name).filter(hasSchema);
  const [found, another] = schemas;
  if (found === undefined)
    throw new SchemaError(
      name === undefined
        ? `${path} exports no Standard Schema`
        : `${path} exports no Standard Schema ${name}`,
    );
  if (another !== undefined && another[1] !== found[1])
    throw new SchemaError(
      `${path} exports several schemas; write ${path}#${schemas.map(([key]) => key).join(` or ${path}#`)}`,
    );
  return found[1];
}

/** The fleet's own folder is as far as a file of configuration may reach for code. */
function inside(absolute: string, root: string): string {
  let real: string;
  try {
    real = realpathSync(absolute);
  } catch {
    throw new SchemaError("there is no such file");
  }
  if (real.startsWith(realpathSync(root) + sep)) return real;
  throw new SchemaError("a module must stand in the folder of the fleet");
}

function hasSchema(entry: [string, unknown]): entry is [string, ArgumentSchema] {
  const [, value] = entry;
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard: unknown = Reflect.get(value, "~standard");
  return (
    typeof standard === "object" &&
    standard !== null &&
    typeof Reflect.get(standard, "validate") === "function"
  );
}

function keyOf(step: PropertyKey | { readonly key: PropertyKey }): PropertyKey {
  return typeof step === "object" ? step.key : step;
}

function valueIn(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || at instanceof Secret) return at;
    at = Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
  }
  return at;
}

/** The same data in plain text; what was secret is noted. */
function revealed(value: unknown, secrets: string[]): unknown {
  if (value instanceof Secret) {
    const plain = String(value.reveal());
    if (plain !== "") secrets.push(plain);
    return plain;
  }
  if (Array.isArray(value)) return value.map((one) => revealed(one, secrets));
  if (typeof value !== "object" || value === null || value instanceof ServiceRef) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, revealed(one, secrets)]));
}

/** Longest first: one secret may be part of another. */
function scrubbed(message: string, secrets: readonly string[]): string {
  return secrets
    .toSorted((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(secret, "[secret]"), message);
}
