import { TuskerError } from "../kernel/index.ts";
import { parsePath } from "../tsk/index.ts";

/**
 * A path into the configuration as it is typed: `routes."/api/*".timeout`.
 *
 * @throws TuskerError CLI_USAGE
 */
export function configPath(text: string): readonly string[] {
  const path = parsePath(text);
  if (path !== undefined) return path;
  throw new TuskerError(
    "CLI_USAGE",
    `"${text}" is no path; write keys with dots between, and quotes around a key that has a dot or slash`,
  );
}

/** What stands at a path; undefined when nothing does. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined,
    value,
  );
}

/** The answer to a question about a path that is not there. */
export function noValueAt(path: string): TuskerError {
  return new TuskerError("FLEET_INVALID", `the document has no value at ${path}`);
}
