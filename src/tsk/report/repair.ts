import type { Diagnostic } from "../diagnostic.ts";

/**
 * A text with the repairs of its diagnostics made. One that overlaps an outer one is left out: read the text again and
 * repair what is left, until nothing is.
 *
 * @example repaired("a: yes", loaded.diagnostics) // "a: true"
 */
export function repaired(text: string, diagnostics: readonly Diagnostic[]): string {
  const fixes = diagnostics.flatMap((one) => (one.fix === undefined ? [] : [one.fix]));
  let out = "";
  let at = 0;
  for (const fix of fixes.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (fix.start < at) continue;
    out += text.slice(at, fix.start) + fix.text;
    at = fix.end;
  }
  return out + text.slice(at);
}
