import { Source } from "../source.ts";
import { parseLonePath } from "../syntax/parse.ts";

/**
 * Reads a path as it is written on a command line; undefined when it is none.
 *
 * @example parsePath('routes."/api/users/*".timeout') // ["routes", "/api/users/*", "timeout"]
 */
export function parsePath(text: string): readonly string[] | undefined {
  const read = parseLonePath(new Source("", text));
  return read === undefined || read.end !== undefined ? undefined : read.path.map((key) => key.name);
}
