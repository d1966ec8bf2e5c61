import type { Diagnostic, Fix } from "../diagnostic.ts";

/**
 * The repairs that can be made together, in the order of the text: of two that overlap the outer one, for the inner one is
 * part of it or comes after it.
 */
export function fixesTogether(diagnostics: readonly Diagnostic[]): readonly Fix[] {
  const fixes = diagnostics.flatMap((one) => (one.fix === undefined ? [] : [one.fix]));
  let at = 0;
  return fixes
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
    .filter((fix) => {
      if (fix.start < at) return false;
      at = fix.end;
      return true;
    });
}

/**
 * A text with the repairs of its diagnostics made. One that overlaps an outer one is left out: read the text again and
 * repair what is left, until nothing is.
 *
 * @example repaired("a: yes", loaded.diagnostics) // "a: true"
 */
export function repaired(text: string, diagnostics: readonly Diagnostic[]): string {
  let out = "";
  let at = 0;
  for (const fix of fixesTogether(diagnostics)) {
    out += text.slice(at, fix.start) + fix.text;
    at = fix.end;
  }
  return out + text.slice(at);
}
