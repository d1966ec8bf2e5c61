import type { Diagnostic } from "../diagnostic.ts";
import { didYouMean } from "../report/suggest.ts";
import type { Source, Span } from "../source.ts";
import { type Data, type Evaluated, isList, isMap } from "../value/data.ts";
import { holdsSecret, type LostSecret } from "../value/secret.ts";
import type { Unread } from "./damage.ts";
import { KnownTexts } from "./known-texts.ts";
import { callsSecret, keysOfCalls, nameBehind, secretsOfCalls } from "./torn-call.ts";
import { TornNames } from "./torn-name.ts";

/** What a report is about. */
export interface Reported {
  readonly sources: ReadonlyMap<string, Source>;
  readonly root: Evaluated;
  readonly unread: readonly Unread[];
  /** Schemes of the providers of secrets that the host has. */
  readonly schemes: ReadonlySet<string>;
}

/**
 * Hides in the sources what a report of errors must not show. A line that cannot be read has no key of which it were known that it
 * is a secret's: what stands on one behind the name of any key that is a secret in some layer, or behind a name next to it, is
 * hidden; so are the lines on which such a value may go on, and the rest of a call that makes one.
 */
export class Veil {
  readonly #reported: Reported;
  /** Names of keys that are secrets. */
  readonly #names: ReadonlySet<string>;
  readonly #torn: TornNames;
  readonly #known: KnownTexts;
  /** How many more words may be asked which name is near. */
  #guesses: number;
  /** True when a file that another one names could not be read: which of its keys are secrets is not known. */
  #blind: boolean;
  /** Lines that were looked at, by file and number. */
  readonly #covered = new Set<string>();
  /** Lines on which the value of a secret begins, as far as they were looked at. */
  readonly #begins = new Map<string, boolean>();

  constructor(reported: Reported) {
    this.#reported = reported;
    this.#names = secretNames(reported);
    this.#torn = new TornNames(this.#names.size > mostGuessed ? [] : this.#names);
    const isKey = (name: string): boolean => this.#names.has(name) || telling.test(name);
    this.#known = new KnownTexts(reported.root.data, reported.sources, isKey);
    // Each costs a look at all names.
    this.#guesses = this.#names.size > mostGuessed ? 0 : 200;
    this.#blind = this.#mayInclude();
    for (const source of reported.sources.values()) hidePrivateKeys(source);
  }

  /** Hides what these would show. */
  cover(diagnostics: readonly Diagnostic[]): void {
    const { sources, unread } = this.#reported;
    this.#blind ||= diagnostics.some(({ code }) => unincluded.has(code));
    if (diagnostics.some((one) => one.severity === "error"))
      for (const { file, start, end } of unread) this.#lost(sources.get(file), { start, end });
    for (const one of diagnostics) {
      // What is no path=value is as good as a line that cannot be read.
      const source = sources.get(one.file);
      if (one.code === "TSK_OVERRIDE") this.#lost(source, { start: 0, end: source?.text.length ?? 0 });
      for (const { file, line, column } of [one, ...(one.related ?? [])]) {
        // A code frame shows the line above, too.
        this.#line(sources.get(file), line - 1, 0, one.severity === "error");
        this.#line(sources.get(file), line, column - 1, one.severity === "error");
      }
    }
  }

  /**
   * Hides what a line that is shown may tell of a secret, whatever it is: a value, or a comment. Of a long one what is around the
   * column that is shown.
   */
  #line(source: Source | undefined, number: number, column: number, isWrong: boolean): void {
    if (source === undefined || number < 1) return;
    const whole = source.lineSpan(number);
    const isLong = whole.end - whole.start > longestLine;
    const start = whole.start + (isLong ? Math.max(0, column - longestLine / 2) : 0);
    const end = Math.min(whole.end, start + longestLine);
    const id = `${source.file}:${start}:${isWrong}`;
    if (this.#covered.has(id)) return;
    this.#covered.add(id);
    const line = source.text.slice(start, end);
    const hide = (from: number, to: number): void => source.mask({ start: start + from, end: start + to });
    for (const span of secretsOfCalls(line, this.#reported.schemes)) hide(span.start, span.end);
    if (start === whole.start) this.#tornAbove(source, number, line);
    const from = behindExact(line, this.#names);
    // What is called is no plain text, and its name is what there is to repair.
    if (from !== undefined && !/^["']?\s*[:=]\s*["']?[@$]/.test(line.slice(from))) hide(from, line.length);
    if (from === undefined && !isLong && this.#goesOn(source, number)) hide(0, line.length);
    if (!isWrong) return;
    for (const { start, end } of [...this.#torn.valuesOn(line), ...this.#known.on(line)]) hide(start, end);
    for (const { 0: whole, 1: name = "", 2: value = "", index } of line.matchAll(plainValue)) {
      const behind = index + whole.length;
      if (this.#mayBeSecret(name, source)) hide(behind - value.length, behind);
    }
  }

  /** Hides what belongs to a call whose name a line end has cut in two. */
  #tornAbove(source: Source, number: number, line: string): void {
    const { start } = source.lineSpan(number);
    const above = source.text.slice(Math.max(0, start - longestKey), Math.max(0, start - 1));
    const head = /@[\p{L}\d_.]*$/u.exec(above)?.[0];
    const rest = /^[ \t]*(?=[\p{L}\d_.]*\()/u.exec(line)?.[0];
    if (head === undefined || rest === undefined) return;
    const shift = start + rest.length - head.length;
    for (const span of secretsOfCalls(`${head}${line.slice(rest.length)}`, this.#reported.schemes))
      source.mask({ start: Math.max(start, span.start + shift), end: span.end + shift });
  }

  /** True for the key of a text that may be a secret for all that is known: it says so, or has lost its name. */
  #mayBeSecret(name: string, { layer }: Source): boolean {
    if (telling.test(name) || (this.#blind && layer !== "base")) return true;
    if (name === "" || name.endsWith(".")) return this.#names.size > 0;
    return this.#isTorn(name);
  }

  /** True for a path that ends with the name of a secret when a sign in it is left out, or taken for a letter. */
  #isTorn(path: string): boolean {
    if (this.#names.size > mostGuessed) return false;
    const last = path.slice(path.lastIndexOf(".") + 1);
    const letters = path.replace(/[^\p{L}\d_-]/gu, "");
    for (const name of this.#names) if (name.length > 2 && letters.endsWith(name)) return true;
    return didYouMean(last, this.#names) !== undefined;
  }

  /** True for a line that may be the rest of a secret's value: its key stands less deep above, or right above without a value. */
  #goesOn(source: Source, number: number): boolean {
    const line = source.written(number);
    let depth = indentOf(line);
    let isEntry = startsEntry.test(line);
    let isNearest = true;
    for (let above = number - 1; above > 0 && above > number - mostLinesAbove; above--) {
      const text = source.written(above);
      if (text.trim() === "" || text.length > longestLine) continue;
      const indent = indentOf(text);
      if (isNearest && this.#endsBare(text)) return true;
      isNearest &&= !/[\p{L}\d]/u.test(text);
      if ((indent < depth || !isEntry) && this.#beginsAt(source, above, indent < depth)) return true;
      if (startsEntry.test(text)) {
        if (indent === 0) return false;
        isEntry = true;
      }
      depth = Math.min(depth, indent);
    }
    return false;
  }

  /** True for a line that ends behind the key of a secret. */
  #endsBare(text: string): boolean {
    const from = behindExact(text, this.#names);
    return from !== undefined && !/[\p{L}\d]/u.test(text.slice(from));
  }

  /** True for a line on which the value of a secret begins. A value that ends on its line has nothing below it, unless that stands deeper. */
  #beginsAt(source: Source, number: number, isDeeper: boolean): boolean {
    const id = `${source.file}:${number}:${isDeeper}`;
    const known = this.#begins.get(id);
    if (known !== undefined) return known;
    const text = source.written(number);
    const from = behindExact(text, this.#names);
    const isWhole = from !== undefined && !isDeeper && wholeValue.test(text.slice(from));
    const begins = !opensMap.test(text) && !isWhole && (from !== undefined || callsSecret(text));
    this.#begins.set(id, begins);
    return begins;
  }

  /**
   * Hides what stands behind the first word of a line that is one of these names, or nearly so, and the lines below it up to the
   * next such line, or entry that stands no deeper: its value may go on there.
   */
  #lost(source: Source | undefined, span: Span): void {
    if (source === undefined) return;
    const text = source.text.slice(span.start, Math.min(span.end, span.start + longestLost));
    let at = span.start;
    let depth: number | undefined;
    for (const line of text.split("\n")) {
      const from = this.#behindNear(line);
      if (from !== undefined) depth = indentOf(line);
      else if (depth !== undefined && indentOf(line) <= depth && startsEntry.test(line)) depth = undefined;
      if (from !== undefined && !isCall.test(line.slice(from)))
        source.mask({ start: at + from, end: at + line.length });
      else if (from === undefined && depth !== undefined) source.mask({ start: at, end: at + line.length });
      at += line.length + 1;
    }
  }

  /** Where the first word ends that is one of the names, nearly so, or says itself what it is. */
  #behindNear(line: string): number | undefined {
    for (const { 0: word, index } of line.matchAll(/[\p{L}\d_-]+/gu)) {
      if (this.#names.has(word) || telling.test(word)) return index + word.length;
      if (this.#guesses-- > 0 && didYouMean(word, this.#names) !== undefined) return index + word.length;
    }
    return undefined;
  }

  #mayInclude(): boolean {
    const { sources, unread } = this.#reported;
    return unread.some(({ file, start, end }) => {
      const text = sources.get(file)?.text.slice(start, Math.min(end, start + longestLost)) ?? "";
      return /\.tsk\b|\b(?:include|import)\b/.test(text);
    });
  }
}

/** Names of the keys on lines that cannot be read, on which a call makes a secret: what other layers write to them is one. */
export function lostSecrets({
  sources,
  unread,
}: Pick<Reported, "sources" | "unread">): ReadonlyMap<string, readonly LostSecret[]> {
  const names = new Map<string, LostSecret[]>();
  for (const { file, start, end, section } of unread) {
    const text = sources.get(file)?.text.slice(start, Math.min(end, start + longestLost)) ?? "";
    const one: LostSecret = section === undefined ? { file } : { file, section };
    for (const line of text.split("\n"))
      for (const key of keysOfCalls(line)) names.set(key, [...(names.get(key) ?? []), one]);
  }
  return names;
}

/** How many names may be asked which of them is near; and how many calls are looked at for their keys. */
const [mostGuessed, mostCalls] = [1000, 20_000];

/** How far before a call its key is looked for. */
const longestKey = 200;

/** How much of a lost stretch is looked at, and of a line. */
const [longestLost, longestLine] = [100_000, 4000];

/** How many lines above are looked at for the key of one. */
const mostLinesAbove = 200;

/** Codes of files that are not there for their keys to be known. */
const unincluded: ReadonlySet<string> = new Set(["TSK_FILE_MISSING", "TSK_FILE_READ", "TSK_OUTSIDE"]);

/** A name that says so itself. */
const telling = /pass(?:word|wd|phrase)|secret|credential|token$|(?:api|access|private|secret)[_-]?key$/i;

/** A text, or a word that may be one, that is the value of a key, or of none. */
const plainValue =
  /(?<![^\s{,;])([^\s{,;:="']{0,100})["']?[ \t]{0,20}[:=][ \t]{0,20}("[^"\n]*"|'[^'\n]*'|\[[^\n]*|["'\p{L}][^\n]*)/gu;

const startsEntry = /^\s*(?:\[\s*["'\p{L}]|["']?[$@]?[\p{L}\d_][^\s:={]*\s*[:={>])/u;
const opensMap = /[{,]\s*$/;

/** Behind a key: a value that ends on its line. */
const wholeValue = /^["']?\s*[:=]\s*(?:"[^"]+"|'[^']+'|[^"'\s([{|<`]+)[\s,;}\])]*$/;

/** Its own calls say where a secret is, not what it is; their defaults are hidden already. */
const isCall = /^["']?\s*[:=]\s*@(?:env\.secure|secret|encrypted)\b/;

/** Names of keys that are secrets, or are given calls that make one, whatever became of them. */
function secretNames({ sources, root }: Reported): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (data: Data): void => {
    if (isList(data)) for (const item of data.items) visit(item.data);
    if (!isMap(data)) return;
    data.entries.forEach((entry, name) => {
      if (holdsSecret(entry.data)) names.add(name);
      else visit(entry.data);
    });
  };
  visit(root.data);
  let calls = 0;
  for (const { text } of sources.values()) {
    for (const { index } of text.matchAll(/@(?:env\.secure|secret|encrypted)\b/g)) {
      if (++calls > mostCalls) return names;
      const before = text.slice(Math.max(0, index - longestKey), index);
      const key = /([\p{L}\d_-]+)["']?\s*[:=]([^:=\n]*)$/u.exec(before);
      const name = key?.[1];
      if (key === null || name === undefined) continue;
      for (const own of nameBehind(before.slice(0, key.index), key[2] ?? "") ?? [name]) names.add(own);
    }
  }
  return names;
}

function behindExact(line: string, names: ReadonlySet<string>): number | undefined {
  for (const { 0: word, index } of line.matchAll(/[\p{L}\d_-]+/gu))
    if (names.has(word)) return index + word.length;
  return undefined;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** Hides private keys (RFC 7468 §10, §11), which say what they are wherever they stand. */
function hidePrivateKeys(source: Source): void {
  const { text } = source;
  const label = "PRIVATE KEY-----";
  for (let at = text.indexOf(label); at >= 0; ) {
    const end = text.indexOf("-----END", at);
    source.mask({ start: at + label.length, end: end < 0 ? text.length : end });
    const closing = end < 0 ? -1 : text.indexOf(label, end);
    at = closing < 0 ? -1 : text.indexOf(label, closing + label.length);
  }
}
