import { asRelated, type Diagnostic, type Loaded } from "../../../tsk/index.ts";

/**
 * What several keys are told because they refer to the same wrong value is told at the first of them, with the others and the
 * place of the value: to write that value anew is one repair.
 */
export function bySharedValue(
  diagnostics: readonly Diagnostic[],
  { document, trees }: Pick<Loaded, "document" | "trees">,
): readonly Diagnostic[] {
  const groups = new Map<string, Diagnostic[]>();
  for (const one of diagnostics) {
    const key = sharedKey(one, document);
    const group = key === undefined ? undefined : groups.get(key);
    if (group !== undefined) group.push(one);
    else groups.set(key ?? `${one.file}:${one.start} ${one.code} ${one.message}`, [one]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first, ...others] = group.toSorted((a, b) => a.start - b.start);
    if (first === undefined || others.length === 0) return group;
    const written = variableOf(first, document, trees);
    const related = [...(first.related ?? []), ...(written ?? []), ...others.map(asRelated)];
    return [{ ...first, related }];
  });
}

const reference = /^(?:\$[\p{L}_][\p{L}\d_-]*|[\p{L}_][\p{L}\d_-]*(?:\.[\p{L}\d_-]+)*)$/u;
const literals: ReadonlySet<string> = new Set(["true", "false", "null"]);

/** What problems of the same value have in common; undefined for one of a value that is written where it counts. */
function sharedKey(
  { code, message, file, start, end }: Diagnostic,
  { sources }: Loaded["document"],
): string | undefined {
  const wrong = / must be [\s\S]*$/.exec(message)?.[0];
  if (code !== "FLEET_INVALID" || wrong === undefined) return undefined;
  const text = sources.get(file)?.text.slice(start, Math.min(end, start + longest)) ?? "";
  return reference.test(text) && !literals.has(text) ? `${file} ${text} ${wrong}` : undefined;
}

/** Where a variable is given its value, when that stands outside of all braces. */
function variableOf(
  { file, start, end }: Diagnostic,
  { sources }: Loaded["document"],
  trees: Loaded["trees"],
): Diagnostic["related"] {
  const source = sources.get(file);
  const name = source?.text.slice(start + 1, end);
  const item = trees.get(file)?.items.find((one) => one.kind === "variable" && one.name === name);
  if (source === undefined || item?.kind !== "variable") return undefined;
  return [{ ...source.at(item.value), message: `$${name} is given its value here` }];
}

/** A longer name is not compared. */
const longest = 500;
