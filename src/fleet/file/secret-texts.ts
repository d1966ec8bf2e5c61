import { Secret } from "../../kernel/index.ts";

/** The plain texts of all secrets in a value: to know them elsewhere, never to show them. */
export function secretTexts(value: unknown): readonly string[] {
  if (value instanceof Secret) return [String(value.reveal())];
  if (Array.isArray(value)) return value.flatMap(secretTexts);
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(secretTexts);
}
