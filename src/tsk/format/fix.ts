import type { Fix } from "../diagnostic.ts";

/** A text with repairs made to it. Of two that touch the same place the first is made; the other one comes up again. */
export function applyFixes(text: string, fixes: readonly Fix[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const fix of fixes.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (fix.start < at) continue;
    parts.push(text.slice(at, fix.start), fix.text);
    at = fix.end;
  }
  return parts.join("") + text.slice(at);
}
