import { kind } from "./token.ts";

/** What the text at a digit reads as. */
export interface Reading {
  readonly kind: number;
  readonly end: number;
}

interface Form {
  readonly kind: number;
  /** Sticky; must not be followed by a letter or digit, or it would cut a word in two. */
  readonly shape: RegExp;
}

const edge = "(?![\\p{L}\\w])";
const shape = (source: string, end: string = edge): RegExp => new RegExp(source + end, "yu");
const amount = "\\d[\\d_]*(?:\\.\\d+)?";

const date: Form = {
  kind: kind.date,
  shape: shape(
    "\\d{4}-\\d\\d-\\d\\d(?:[Tt]\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:[Zz]|[+-]\\d\\d:\\d\\d))?",
    "(?![\\p{L}\\w-])",
  ),
};
const range: Form = {
  kind: kind.range,
  shape: shape("\\d[\\d_]*(?:-|\\.\\.)\\d[\\d_]*", "(?![\\p{L}\\w.-])"),
};
// At most one part per unit: without a limit, a file of `1.5s1.5s…x` would cost the square of its length.
const duration: Form = { kind: kind.duration, shape: shape(`(?:${amount}(?:ns|us|ms|s|m|h|d|w)){1,8}`) };
const size: Form = { kind: kind.size, shape: shape(`${amount}(?:B|[KMGTP]i?B?)`) };
// `10%$x` and `10%(x)` are remainders.
const percent: Form = { kind: kind.percent, shape: shape(`${amount}%`, "(?![\\p{L}\\w$(])") };
const float: Form = {
  kind: kind.float,
  shape: shape("\\d[\\d_]*(?:\\.\\d[\\d_]*(?:[eE][+-]?\\d+)?|[eE][+-]?\\d+)"),
};
const prefixed: Form = { kind: kind.int, shape: shape("0(?:x[\\da-fA-F_]+|o[0-7_]+|b[01_]+)") };
const int: Form = { kind: kind.int, shape: shape("\\d[\\d_]*") };
const word: Form = { kind: kind.word, shape: shape("[\\p{L}\\w-]+", "") };

/** The longest reading first; which can apply depends on the character after the first digits. */
const afterMinus = [date, range, int, word];
const afterDot = [range, duration, size, percent, float, int, word];
const afterPercent = [percent, int];
const afterLetter = [duration, size, prefixed, float, range, percent, int, word];

/**
 * Reads the literal at a digit. Longest match decides: date, range, duration or size, percent, float, int; else it is
 * a word that begins with a digit (`2xx`), good as a key only.
 *
 * @param next the character code after the first run of digits
 */
export function reading(text: string, start: number, next: number): Reading {
  const forms = next === 45 ? afterMinus : next === 46 ? afterDot : next === 37 ? afterPercent : afterLetter;
  for (const form of forms) {
    form.shape.lastIndex = start;
    if (form.shape.test(text)) return { kind: form.kind, end: form.shape.lastIndex };
  }
  return { kind: kind.word, end: start + 1 };
}
