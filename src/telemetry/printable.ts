import { Secret, ServiceRef, TuskerError } from "../kernel/index.ts";

/** Facts beside a message. Secret values, and fields named like secrets, print as [secret]. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Names under which people keep what nobody may read. */
const secretName =
  /passw(or)?d|passphrase|secret|authorization|cookie|credential|(^|[_.-])token$|api[_-]?key|private[_-]?key/i;
const limits = { depth: 6, entries: 64, text: 8192 } as const;

/**
 * Log fields as plain JSON values. Secrets and fields named like secrets become "[secret]", errors become
 * `{ type, code?, message, cause? }`, circles, depth and length are cut. Never throws, whatever it is given.
 */
export function printable(fields: LogFields): Record<string, unknown> {
  return entriesOf(fields, 0, new Set());
}

function plainOf(value: unknown, depth: number, above: ReadonlySet<object>): unknown {
  switch (typeof value) {
    case "string":
      return value.length <= limits.text ? value : `${value.slice(0, limits.text)}…`;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
    case "undefined":
      return value;
    case "bigint":
    case "symbol":
      return String(value);
    case "function":
      return "[function]";
    case "object":
      return value === null ? null : objectOf(value, depth, above);
  }
}

function objectOf(value: object, depth: number, above: ReadonlySet<object>): unknown {
  if (value instanceof Secret) return "[secret]";
  if (value instanceof ServiceRef) return value.text;
  if (above.has(value)) return "[circle]";
  if (depth >= limits.depth) return "[deep]";
  const path = new Set(above).add(value);
  if (value instanceof Error) return errorOf(value, depth, path);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[no date]" : value.toISOString();
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (value instanceof Map) return entriesOf(Object.fromEntries(value), depth + 1, path);
  if (Array.isArray(value) || value instanceof Set)
    return [...value].slice(0, limits.entries).map((v) => plainOf(v, depth + 1, path));
  return entriesOf(value, depth + 1, path);
}

function errorOf(error: Error, depth: number, above: ReadonlySet<object>): unknown {
  return {
    type: error.name,
    ...(error instanceof TuskerError ? { code: error.code } : {}),
    message: error.message,
    ...(error.cause === undefined ? {} : { cause: plainOf(error.cause, depth + 1, above) }),
  };
}

function entriesOf(value: object, depth: number, above: ReadonlySet<object>): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const name of Object.keys(value).slice(0, limits.entries)) {
    if (name === "__proto__") continue;
    plain[name] = secretName.test(name) ? "[secret]" : plainOf(read(value, name), depth, above);
  }
  return plain;
}

/** A getter may throw; a log line must not. */
function read(value: object, name: string): unknown {
  try {
    return Reflect.get(value, name);
  } catch {
    return "[unreadable]";
  }
}
