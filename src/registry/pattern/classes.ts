import type { CharReader } from "./char-reader.ts";

/** Whether one character, as a code point, is meant. */
export type CharTest = (code: number) => boolean;

/** Classes with a letter of their own: of ASCII alone, as in RE2. */
const letters: Readonly<Record<string, RegExp>> = { d: /[0-9]/, s: /[\t\n\f\r ]/, w: /[0-9A-Za-z_]/ };

/** Classes with a name (POSIX 1003.1 §9.3.5). */
const names: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  ascii: /[^\u0080-\u{10ffff}]/u,
  blank: /[\t ]/,
  cntrl: /[^ -~\u0080-\u{10ffff}]/u,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t\n\v\f\r ]/,
  upper: /[A-Z]/,
  word: /[0-9A-Za-z_]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** `\d`, `\S` and the like; undefined when something else stands there. */
export function classEscape(text: CharReader): CharTest | undefined {
  const [, letter = ""] = text.match(/\\([dswDSW])/y) ?? [];
  const wanted = letters[letter.toLowerCase()];
  return wanted === undefined ? undefined : testOf(wanted, letter !== letter.toLowerCase());
}

/** Reads a class after its bracket. @throws Error when it does not end, or a range runs backwards */
export function readClass(text: CharReader): CharTest {
  const start = text.at - 1;
  const negated = text.take("^");
  const tests: CharTest[] = [];
  // A bracket that stands first is a member.
  for (let first = true; first || !text.sees("]"); first = false) {
    if (text.ended) throw new Error(`missing closing ]: \`${text.written.slice(start)}\``);
    tests.push(named(text) ?? classEscape(text) ?? range(text));
  }
  text.skip(1);
  const any: CharTest = (code) => tests.some((test) => test(code));
  return negated ? (code) => !any(code) : any;
}

/** `[:alpha:]`, `[:^alpha:]`. */
function named(text: CharReader): CharTest | undefined {
  const [written, negated, name = ""] = text.match(/\[:(\^?)([a-z]+):\]/y) ?? [];
  if (written === undefined) return undefined;
  const wanted = Object.hasOwn(names, name) ? names[name] : undefined;
  if (wanted === undefined) throw new Error(`invalid character class range: \`${written}\``);
  return testOf(wanted, negated === "^");
}

/** One character, or all between two. */
function range(text: CharReader): CharTest {
  const start = text.at;
  const low = member(text);
  const high = text.match(/-(?!\])/y) === undefined ? low : member(text);
  if (high < low) throw new Error(`invalid character class range: \`${text.since(start)}\``);
  return (code) => code >= low && code <= high;
}

function member(text: CharReader): number {
  return text.sees("\\") ? text.escapedCode() : text.nextCode();
}

function testOf(wanted: RegExp, negated: boolean): CharTest {
  return (code) => wanted.test(String.fromCodePoint(code)) !== negated;
}
