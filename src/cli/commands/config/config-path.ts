import { pathText } from "../../../fleet/index.ts";
import { TuskerError } from "../../../kernel/index.ts";
import { didYouMean, parsePath } from "../../../tsk/index.ts";

/**
 * A path into the configuration as it is typed: `routes."/api/*".timeout`.
 *
 * @throws TuskerError CLI_USAGE
 */
export function configPath(text: string): readonly string[] {
  if (text.endsWith(".tsk"))
    throw new TuskerError(
      "CLI_USAGE",
      `"${text}" is a file, and a path of keys stands here; name it with --file`,
    );
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

/**
 * The answer to a question about a path that is not there, with the path that may be meant.
 *
 * @param known keys that may be asked for at a path beside those that are written; default none
 */
export function noValueAt(
  value: unknown,
  path: readonly string[],
  known: (path: readonly string[]) => readonly string[] = () => [],
): TuskerError {
  const missing = path.findIndex((_, index) => valueAt(value, path.slice(0, index + 1)) === undefined);
  const around = path.slice(0, missing);
  const there = valueAt(value, around);
  const written = typeof there === "object" && there !== null ? Object.keys(there) : [];
  const near = didYouMean(path[missing] ?? "", [...written, ...known(around)]);
  const meant = near === undefined ? "" : `; did you mean ${pathText([...around, near])}?`;
  return new TuskerError("FLEET_INVALID", `the document has no value at ${pathText(path)}${meant}`);
}
