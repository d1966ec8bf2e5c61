/** Shorter texts are in every other line by chance. */
const shortest = 6;

/**
 * Writes "[secret]" over every one of `secrets` in a text. Of a secret of several lines, as keys are, every line counts:
 * a log holds them one by one. Texts of fewer than six characters are left alone: masking "admin" or "1234" would make
 * logs unreadable without hiding anything.
 *
 * @param secrets plain texts, for example those of a fleet's services
 */
export function secretMask(secrets: readonly string[]): (text: string) => string {
  // The longest first: one may be a part of another.
  const lines = secrets.flatMap((secret) => secret.split(/[\r\n]+/)).map((line) => line.trim());
  const known = [...new Set(lines)].filter((line) => line.length >= shortest);
  if (known.length === 0) return (text) => text;
  known.sort((a, b) => b.length - a.length);
  const any = new RegExp(known.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "g");
  return (text) => text.replace(any, "[secret]");
}
