import { type Diagnostic, problem } from "../diagnostic.ts";
import { Source } from "../source.ts";
import { parseLonePath, parseLoneValue } from "../syntax/parse.ts";
import type { Key, Value } from "../syntax/tree.ts";
import { type MapPart, outlineOne, withIncludes } from "../value/outline.ts";
import { isWrittenOut } from "../value/scalar.ts";

type Report = (diagnostic: Diagnostic) => void;

/** One override from outside: its text and what it says. */
export interface Override {
  readonly source: Source;
  readonly root: MapPart | undefined;
}

const prefix = "TUSKER__";

/**
 * `TUSKER__GATEWAY__PORT=9090` sets `gateway.port`. Case and the difference of `_` and `-` do not count where a key is
 * there already; a new key is lower case. In the order of the names.
 *
 * @param lower what the layers below say
 */
export function fromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  lower: readonly MapPart[],
  report: Report,
): Override[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && env[name] !== undefined)
    .sort()
    .map((name) => {
      const source = new Source(name, `${name}=${env[name] ?? ""}`, "variable");
      const path = variablePath(name, lower);
      if (path.some((key) => key.name === "")) {
        const message = `${name} names no key; write TUSKER__SECTION__KEY`;
        report(problem(source, { start: 0, end: name.length }, "TSK_OVERRIDE", message));
        return { source, root: undefined };
      }
      return { source, root: outlineOne(source, path, outsideValue(source, name.length + 1), report) };
    });
}

/** `gateway.port=9090`, `routes."/api/users/*".timeout=5s` */
export function fromSet(text: string, index: number, report: Report): Override {
  const source = new Source(index === 0 ? "--set" : `--set#${index + 1}`, text, "set");
  const read = parseLonePath(source);
  if (read === undefined || read.end === undefined) {
    const span = { start: 0, end: text.length };
    const help =
      'write --set gateway.port=9090, and quote keys that are no names: routes."/api/*".timeout=5s';
    report(problem(source, span, "TSK_OVERRIDE", `--set ${firstLine(text)} is not path=value`, { help }));
    return { source, root: undefined };
  }
  return { source, root: outlineOne(source, read.path, outsideValue(source, read.end), report) };
}

/** A value from outside: a literal when it is written as one, else text. It is never evaluated. */
function outsideValue(source: Source, start: number): Value {
  const value = parseLoneValue(source, start);
  if (value !== undefined && isWrittenOut(value)) return value;
  return { kind: "text", value: source.text.slice(start), start, end: source.text.length };
}

function variablePath(name: string, lower: readonly MapPart[]): Key[] {
  let maps = lower.flatMap(withIncludes);
  let start = prefix.length;
  return name
    .slice(prefix.length)
    .split("__")
    .map((part) => {
      const key = { name: knownKey(part, maps) ?? part.toLowerCase(), start, end: start + part.length };
      start = key.end + 2;
      maps = maps.flatMap((map) => map.children.get(key.name) ?? []).filter((child) => child.kind === "map");
      maps = maps.flatMap(withIncludes);
      return key;
    });
}

function knownKey(part: string, maps: readonly MapPart[]): string | undefined {
  const wanted = folded(part);
  for (const map of maps) for (const name of map.children.keys()) if (folded(name) === wanted) return name;
  return undefined;
}

function folded(name: string): string {
  return name.toLowerCase().replaceAll("-", "_");
}

/** The value may be a secret: a message shows the path only. */
function firstLine(text: string): string {
  const end = text.search(/[=\n]/);
  return end < 0 ? text.slice(0, 60) : text.slice(0, Math.min(end, 60));
}
