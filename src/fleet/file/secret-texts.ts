import { Secret } from "../../kernel/index.ts";

/** The plain texts of all secrets in a value: to know them elsewhere, never to show them. */
export function secretTexts(value: unknown): readonly string[] {
  const found: string[] = [];
  collect(value, found);
  return found;
}

/** One list for all of them: a large fleet has many maps. */
function collect(value: unknown, found: string[]): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Secret) found.push(String(value.reveal()));
  else if (Array.isArray(value)) for (const one of value) collect(one, found);
  else for (const one of Object.values(value)) collect(one, found);
}
