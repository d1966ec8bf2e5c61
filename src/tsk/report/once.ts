import type { TskCode } from "../codes.ts";
import { asRelated, type Diagnostic } from "../diagnostic.ts";

/**
 * What is nowhere is told where it is asked for first, and the other places that ask for it belong to that: to bring it is one
 * repair.
 *
 * @param diagnostics in the order in which they are told
 * @param shown the same as they are shown, which may hide what they are about
 */
export function toldOnce(
  diagnostics: readonly Diagnostic[],
  shown: readonly Diagnostic[],
): readonly Diagnostic[] {
  const groups = new Map<string | Diagnostic, Diagnostic[]>();
  for (const [index, one] of shown.entries()) {
    const of = diagnostics[index];
    const key = (of && absenceOf(of)) ?? one;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  if (groups.size === shown.length) return shown;
  return [...groups.values()].flatMap((group) => {
    const [first, ...others] = group;
    if (first === undefined || others.length === 0) return group;
    const places = others.flatMap((one) => [
      ...(isAt(one, first) ? [] : [{ ...asRelated(one), message: "the same here" }]),
      ...(one.related ?? []),
    ]);
    return [{ ...first, related: [...(first.related ?? []), ...places] }];
  });
}

/** Codes of what is not there for any file. */
const anywhere: ReadonlySet<string> = new Set<TskCode>([
  "TSK_ENV_MISSING",
  "TSK_UNKNOWN_OPERATOR",
  "TSK_UNAVAILABLE",
]);

/** Codes of names and paths that mean something else in another file. */
const inFile: ReadonlySet<string> = new Set<TskCode>(["TSK_FILE_MISSING", "TSK_UNKNOWN_NAME"]);

/** What is not there; undefined for other problems. */
function absenceOf({ severity, code, file, message }: Diagnostic): string | undefined {
  if (severity !== "error") return undefined;
  if (anywhere.has(code)) return `${code} ${message}`;
  return inFile.has(code) ? `${code} ${file}\n${message}` : undefined;
}

function isAt(one: Diagnostic, other: Diagnostic): boolean {
  return one.file === other.file && one.start === other.start;
}
