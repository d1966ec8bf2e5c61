import { didYouMean } from "../report/suggest.ts";
import type { Span } from "../source.ts";

/** A call that makes a secret, or what a slip of the hand has left of one. */
interface SecretCall {
  readonly operator: "env.secure" | "secret" | "encrypted";
  /** Where its name ends on the line. */
  readonly end: number;
}

/**
 * What is to be hidden of a line on which such calls stand, whatever has become of their signs: defaults, what `??` gives in
 * their place, and text that was put where the address of a secret belongs. Of a call that is no longer whole, all behind the name
 * of its variable.
 *
 * @param schemes of the providers of secrets that the host has: what stands behind another one is no address
 */
export function secretsOfCalls(line: string, schemes: ReadonlySet<string> = new Set()): readonly Span[] {
  return callsIn(line).flatMap(({ operator, end }) =>
    hiddenBehind(operator, line.slice(end), schemes).map((span) => ({
      start: span.start + end,
      end: span.end + end,
    })),
  );
}

/** True for a line on which the value of a secret may begin. */
export function callsSecret(line: string): boolean {
  return callsIn(line).length > 0;
}

/** Names of the keys that such calls stand behind. */
export function keysOfCalls(line: string): readonly string[] {
  return callsIn(line).flatMap(({ end }) => {
    const before = line.slice(Math.max(0, end - nearby - longestName), end);
    const keys = [...before.matchAll(/(?<![@\p{L}\d_-])([\p{L}\d_-]+)["']?[ \t]{0,20}[:=](?![^{]*\{)/gu)];
    const key = keys.at(-1);
    const name = key?.[1];
    if (key === undefined || name === undefined) return [];
    return nameBehind(before.slice(0, key.index), before.slice(key.index + key[0].length)) ?? [name];
  });
}

/**
 * Where several entries stand between braces on one line, a call is no part of one that a comma ends: then the name it stands
 * behind without a sign, if there is one. Undefined where nothing says so: a comma may be what is wrong.
 *
 * @param before what stands before the key, on its line or above
 * @param behind what stands between the sign of the key and the call
 */
export function nameBehind(before: string, behind: string): readonly string[] | undefined {
  const isEnded = /^\s*[\p{L}\d_.-]+[ \t]*,/u.test(withoutTexts(behind));
  const line = withoutTexts(before.slice(before.lastIndexOf("\n") + 1));
  if (!isEnded || !/\{[^}]*$/.test(line)) return undefined;
  const rest = behind.slice(behind.lastIndexOf(",") + 1);
  const name = /^\s*["']?([\p{L}\d_-]+)["']?[ \t]+(?=\S)/u.exec(rest)?.[1];
  return name === undefined ? [] : [name];
}

/** A line with a word in place of each text in quotes. */
function withoutTexts(line: string): string {
  return line.replace(/"[^"\n]*"|'[^'\n]*'/g, "text");
}

const quotes = "\"'`“”„‘’‚«»";
const behindCall = /^[^\p{L}\d_]{0,2}[([]/u;
const anyQuote = new RegExp(`[(\\[${quotes}]`);

/** How far behind a name its call is looked for. */
const nearby = 100;

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function callsIn(line: string): readonly SecretCall[] {
  const found: SecretCall[] = [];
  let words: Word[] = [];
  for (const { 0: text, index: start } of line.matchAll(/[\p{L}\d_]+/gu)) {
    const end = start + text.length;
    // Signs may have come between the letters of a name.
    const before = words.at(-1)?.end ?? 0;
    if (start - before > 3 || line[before] === "(") words = [];
    words = [...words.slice(-2), { text, start, end }];
    if (text.length > longestName) continue;
    const operator = operatorOf(words, line, line.slice(end, end + nearby));
    if (operator === undefined) continue;
    found.push({ operator, end });
    words = [];
  }
  return found;
}

/** Longer than any name that is near enough. */
const longestName = 20;

/** What the last of these words, with those before it, was meant to call. */
function operatorOf(
  words: readonly Word[],
  line: string,
  behind: string,
): SecretCall["operator"] | undefined {
  const last = words.at(-1);
  if (last === undefined) return undefined;
  const isBehind = behindCall.test(behind);
  const isCalled = ({ start }: Word): boolean =>
    isBehind ||
    (/@[^\p{L}\d_]{0,2}$/u.test(line.slice(Math.max(0, start - 3), start)) && anyQuote.test(behind));
  const { text } = last;
  const exact = names.find((name) => name === text);
  if (exact !== undefined && isCalled(last)) return exact;
  // What is left when the second half is gone.
  if (text === "env" && /^\s*[.,:;]\s*\(/.test(behind)) return "env.secure";
  if (isBehind && isNear(text, "secure")) return "env.secure";
  let joined = "";
  for (const word of words.toReversed()) {
    joined = word.text + joined;
    if (isNear(joined, "envsecure") && isCalled(word)) return "env.secure";
    if (joined.length > text.length && isNear(joined, "encrypted") && isCalled(word)) return "encrypted";
    if (joined.length > text.length && isTornSecret(joined) && line[word.start - 1] === "@") return "secret";
  }
  return isCalled(last) ? names.find((name) => isNear(text, name)) : undefined;
}

const names = ["secret", "encrypted"] as const;

function isNear(word: string, name: string): boolean {
  if (word.includes(name)) return true;
  if (Math.abs(word.length - name.length) > 3) return false;
  return didYouMean(word, [name]) !== undefined;
}

/** Of the shortest name no more than one letter may be wrong: `ref` and `secret` are two words. */
function isTornSecret(joined: string): boolean {
  if (joined === "secret") return true;
  return Math.abs(joined.length - "secret".length) < 2 && didYouMean(joined, ["secret"]) !== undefined;
}

const text = `"[^"]*"|'[^']*'`;
const first = new RegExp(`^\\(\\s*(?:[a-z]+\\s*=\\s*)?(${text})\\s*`);
const others = new RegExp(`^(?:,\\s*(?:[a-z]+\\s*=\\s*)?(?:${text}|[\\w.-]+)\\s*)*,?\\s*\\)`);
const instead = /^[\s)]*(?:\?\?|\|\|)\s*/;
const otherCall = new RegExp(`^@[\\w.]+\\((?:${text}|[^()"'])*\\)`);
const wholeText = new RegExp(`^(?:${text})`);

/** Of what follows the name of a call, the spans that are hidden. */
function hiddenBehind(
  operator: SecretCall["operator"],
  rest: string,
  schemes: ReadonlySet<string>,
): readonly Span[] {
  const opening = first.exec(rest);
  const all = (from: number): Span => ({ start: from, end: rest.length });
  if (opening === null) {
    const shown = /^[^\p{L}\d]*(?<word>[\p{L}\d_.:/-]*)/u.exec(rest);
    const word = shown?.groups?.word ?? "";
    const length = shown?.[0].length ?? 0;
    return [all(isAddress(operator, word, schemes) ? length : length - word.length)];
  }
  const { 0: { length } = "", 1: written = "" } = opening;
  const hidden: Span[] = [];
  const from = rest.indexOf(written) + 1;
  const address = written.slice(1, -1);
  const scheme = operator === "secret" ? (schemeOf.exec(address)?.[0].length ?? 0) : 0;
  if (!isAddress(operator, address, schemes))
    hidden.push({ start: from + scheme, end: from + address.length });
  const closing = others.exec(rest.slice(length));
  if (closing === null) return [...hidden, all(length)];
  let at = length + closing[0].length;
  if (operator === "env.secure" && at - 1 > length) hidden.push({ start: length + 1, end: at - 1 });
  for (let sign = instead.exec(rest.slice(at)); sign !== null; sign = instead.exec(rest.slice(at))) {
    at += sign[0].length;
    const call = otherCall.exec(rest.slice(at));
    const value = wholeText.exec(rest.slice(at));
    if (call === null && value === null) return rest[at] === "@" ? hidden : [...hidden, all(at)];
    if (value !== null) hidden.push({ start: at + 1, end: at + value[0].length - 1 });
    at += (call ?? value)?.[0].length ?? 0;
  }
  // Behind a value stands what ends it, or what goes on with it.
  if (!/^["']?\s*(?:$|[,;}\])#:+]|\/\/)/.test(rest.slice(at))) hidden.push(all(at));
  return hidden;
}

const schemeOf = /^[a-z][a-z0-9+.-]*:/;

/** True for what says where a secret is; anything else may be the secret. */
function isAddress(operator: SecretCall["operator"], written: string, schemes: ReadonlySet<string>): boolean {
  if (operator === "encrypted") return /^tusk:v1:[\w-]*$/.test(written);
  if (operator === "env.secure") return true;
  if (/^env:\w*$|^file:/.test(written)) return true;
  const scheme = schemeOf.exec(written)?.[0].slice(0, -1);
  return scheme !== undefined && schemes.has(scheme);
}
