import type { Diagnostic } from "../diagnostic.ts";
import { didYouMean } from "../report/suggest.ts";
import type { Source, Span } from "../source.ts";
import { limits } from "../syntax/limits.ts";
import { isRefused } from "../syntax/parse.ts";
import { type Intact, isNameless, joinedLines, placeAt } from "../syntax/repair/intact.ts";
import type { Item, Tree } from "../syntax/tree.ts";
import type { Lost, Path } from "./document.ts";

/**
 * What the files of a document have lost: lines that cannot be read, and values that cannot be had. A name that stands
 * there is not told as unknown where it is used: that is the mistake already told.
 */
export class Damage {
  readonly #lost: Lost[] = [];
  readonly #unread: Unread[] = [];
  /** What is left of each file that was read, and where it stands in the document. */
  readonly #left = new Map<string, { readonly items: readonly Item[]; readonly under: Path | undefined }>();
  /** Lines beside one that is no entry: it may be the rest of the one before, or the next one its own. */
  readonly #beside = new Set<string>();
  /** Words on what is lost, in all files. */
  readonly #words = new Set<string>();
  /** The maps that lack the lines with these words; undefined for one that may be any. */
  readonly #maps = new Map<string, (Path | undefined)[]>();
  /** The first and last words of their lines: of a name half typed the beginning. */
  readonly #begun = new Set<string>();
  /** Lines that cannot be read, of which something may be left all the same. */
  readonly #lines: (Span & { readonly file: string })[] = [];
  /** Sections that have lost their header: what another layer adds to them is not known to be theirs. */
  readonly #headless: (Span & { readonly file: string })[] = [];
  /** Files that break off, or of which a section has lost its header: they may have set any key. */
  readonly #open = new Set<string>();
  /** The maps in which a line has lost its key, or the name of its variable: any may have been written there. Undefined for any map. */
  readonly #nameless: (Path | undefined)[] = [];
  #guesses = 100;
  /** Items that may still be looked at to find places. */
  #looks = 10_000_000;

  /** Lines that cannot be read. */
  get unread(): readonly Unread[] {
    return this.#unread;
  }

  /** What is lost, file by file. */
  get lost(): readonly Lost[] {
    return this.#lost;
  }

  /**
   * Notes what is wrong with a file that was read, and gives the items that can be read.
   *
   * @param left the part of it that can be read; undefined when all can
   * @param under where the file stands in the document; undefined for one that another file names
   */
  add(tree: Tree, left: Intact | undefined, under: Path | undefined): readonly Item[] {
    const { file } = tree.source;
    for (const span of left?.lost ?? [])
      this.#unread.push({ file, ...span, ...sectionOf(left?.items ?? [], span.start, under) });
    for (const span of left?.nameless ?? []) this.#unread.push({ file, ...span });
    this.#left.set(file, { items: left?.items ?? tree.items, under });
    if (left === undefined) return tree.items;
    if (isRefused(tree)) {
      // Anything may have been named there; to look at it all would cost what was refused.
      this.#nameless.push(undefined);
      for (const span of left.lost) this.#add(tree.source, span, []);
      return left.items;
    }
    const errors = tree.diagnostics.filter(({ severity }) => severity === "error");
    for (const one of errors)
      if (mayLackName(tree.source, one)) this.#nameless.push(this.#mapAt(file, one.start));
    const beside = errors.flatMap((one) => this.#besideOf(tree.source, one));
    for (const span of left.lost) {
      this.#lines.push({ file: file, start: span.start, end: span.end });
      if (tree.source.text.slice(span.end).trim() === "") this.#open.add(file);
      this.#add(
        tree.source,
        span,
        beside.filter(({ start, end }) => start <= span.end + 1 && span.start <= end + 1),
      );
      this.#addWords(tree.source.text, span, this.#lost.at(-1)?.within);
    }
    for (const start of left.unnamed ?? []) {
      const { path } = placeAt(left.items, start);
      const within = under === undefined ? {} : { within: [...under, ...path] };
      this.#lost.push({ file: tree.source.file, start, end: start, unnamed: true, ...within });
    }
    for (const { start, holds } of withoutName(left.items))
      this.#lost.push({ file, start, end: start, holds, ...(under === undefined ? {} : { within: under }) });
    for (const span of left.nameless) {
      this.#open.add(file);
      this.#headless.push({ file, start: span.start, end: span.end });
      const isNamed = left.items.some(
        (one) => one.kind === "section" && one.start === span.start && !isNameless(one.path[0]?.name ?? ""),
      );
      this.#lost.push({
        file: tree.source.file,
        headless: true,
        ...span,
        ...(under === undefined ? {} : { within: under }),
      });
      if (!isNamed) this.#addWords(tree.source.text, span);
    }
    return left.items;
  }

  /** Notes that a value cannot be had. */
  addValue({ code, severity, start, end }: Diagnostic, source: Source | undefined): void {
    if (severity !== "error" || source === undefined) return;
    this.#add(source, { start, end }, []);
    const lost = this.#lost.at(-1);
    // An expression that goes on below may have swallowed an entry.
    if (code === "TSK_TYPE" && lost !== undefined && source.text.slice(start, lost.end).includes("\n"))
      this.#addWords(source.text, lost);
  }

  /** True when a problem of a value follows from what was lost. */
  explains(found: Diagnostic, source: Source | undefined): boolean {
    if (this.#words.size === 0 && this.#nameless.length === 0) return false;
    if (
      this.#lines.some(
        ({ file, start, end }) => file === found.file && start <= found.start && found.start <= end,
      )
    )
      return true;
    if (this.#beside.has(`${found.file}:${found.line}`) && parted.has(found.code)) return true;
    if (absent.has(found.code)) return this.#mayBeCovered(found);
    if (!lookups.has(found.code) || source === undefined) return false;
    if (this.#nameless.some((map) => !near.has(found.code) || this.#isAround(map, found))) return true;
    if (found.code === "TSK_UNKNOWN_VARIABLE")
      return this.#mayBeSet(source.text.slice(found.start, found.end));
    const words = wordsOf(source.text.slice(found.start, Math.min(found.end, found.start + longest)));
    // Text that lacks its quotes is seldom a name.
    if (found.code === "TSK_OLD_WORD") return words.some((word) => this.#mayBeKeyAt(word, found));
    return words.some((word) => this.#words.has(word) || this.#isNear(word));
  }

  /** True for a value in the place of which a line that is lost may have put another: one of a higher layer. */
  #mayBeCovered(found: Diagnostic): boolean {
    const { file, start } = found;
    if (this.#left.size < 2) return false;
    if ([...this.#open].some((other) => other !== file)) return true;
    if (this.#headless.some((one) => one.file === file && one.start <= start && start <= one.end))
      return true;
    const { items = [] } = this.#left.get(file) ?? {};
    this.#looks -= items.length;
    if (this.#looks < 0 || this.#lines.every((one) => one.file === file)) return false;
    const { path } = placeAt(items, start);
    // In the map that lacks a line, the next key must be on it.
    const isNext = (index: number, map: Path | undefined): boolean =>
      map === undefined || (map.length === index && map.every((one, at) => String(one) === path[at]));
    return path.some((key, index) => this.#maps.get(key)?.some((map) => isNext(index, map)));
  }

  /** True for a word that may be a key of a map around a place: it stands on what is lost there, or nobody knows where. */
  #mayBeKeyAt(word: string, at: Diagnostic): boolean {
    return this.#maps.get(word)?.some((map) => this.#isAround(map, at)) === true;
  }

  /** True for a map around a place, and for one that is not known, or a place that is not. */
  #isAround(map: Path | undefined, { file, start }: Diagnostic): boolean {
    const path = map === undefined ? undefined : this.#mapAt(file, start);
    return map === undefined || path === undefined || map.every((key, index) => String(key) === path[index]);
  }

  /** The path of the map in which a place of a file stands; undefined where that is not known. */
  #mapAt(file: string, start: number): Path | undefined {
    const { items = [], under } = this.#left.get(file) ?? {};
    this.#looks -= items.length;
    if (under === undefined || this.#looks < 0) return undefined;
    const { path } = placeAt(items, start);
    return path.some(isNameless) ? undefined : [...under, ...path].map(String);
  }

  /** True for a variable that a line may have set: with it, or what is left of it, the line begins. */
  #mayBeSet(variable: string): boolean {
    const names = wordsOf(variable);
    const isSet = (name: string, word: string): boolean => word.includes(name) || name.startsWith(word);
    return names.some(
      (name) =>
        didYouMean(name, this.#begun) !== undefined || [...this.#begun].some((word) => isSet(name, word)),
    );
  }

  /** @param map the one that lacks them; undefined when it may be any */
  #addWords(text: string, { start, end }: Span, map?: Path): void {
    if (end - start > limits.lost) {
      this.#nameless.push(undefined);
      return;
    }
    const lost = text.slice(start, end);
    for (const word of begunIn(lost)) this.#begun.add(word);
    // A sign in the middle of a name.
    for (const [, key = ""] of lost.matchAll(/^([^:=\n"']{0,100}\p{L}[^:=\n"']{0,100})[:=]/gmu))
      this.#begun.add(key.replace(/[^\p{L}\d_-]/gu, ""));
    // Text in quotes names nothing, unless it is a key.
    const words = wordsOf(lost.replace(/^.*$/gm, withoutTexts));
    // A sign in the middle of a name makes two of it.
    for (const [index, word] of words.entries())
      for (const name of [word, `${words[index - 1] ?? ""}${word}`]) this.#addWord(name, map);
  }

  #addWord(word: string, map: Path | undefined): void {
    this.#words.add(word);
    const maps = this.#maps.get(word);
    if (maps === undefined) this.#maps.set(word, [map]);
    else maps.push(map);
  }

  #add({ file }: Source, { start, end }: Span, beside: readonly Span[]): void {
    const { items: all = [], under: place } = this.#left.get(file) ?? {};
    this.#looks -= all.length;
    const isFound = this.#looks > 0 && end - start <= limits.lost;
    const [items, under] = isFound ? [all, place] : [[], undefined];
    // What another file names stands where that says so; and an include may bring anything.
    const includes = items.some((one) => one.kind === "include" && one.start <= start && start < one.end);
    const known = under !== undefined && !includes;
    const at = placeAt(items, start);
    this.#lost.push({
      file,
      start,
      end: Math.max(end, at.end),
      ...(known ? { within: [...under, ...at.path] } : {}),
      ...(beside.length === 0 ? {} : { beside }),
    });
  }

  /** The lines beside one that is no entry, of which it may be a part. */
  #besideOf(source: Source, { line, column, start }: Diagnostic): readonly Span[] {
    if (source.written(line).length > longest || source.written(line - 1).length > longest) return [];
    const text = source.line(line);
    const [at, end] = [start - column + 1, start - column + 1 + text.length];
    // Behind a key without a value everything may be that value.
    const isValue = /[:=]\s*$/.test(source.line(line - 1));
    const lines = text.slice(0, column - 1).trim() === "" ? [line - 1, line] : isValue ? [line - 1] : [];
    return lines.flatMap((first) => {
      const joined = joinedLines(source, first);
      if (joined === undefined) return [];
      for (const word of wordsOf(joined)) this.#addWord(word, undefined);
      const other = first === line ? line + 1 : first;
      this.#beside.add(`${source.file}:${other}`);
      const { length } = source.line(other);
      return first === line
        ? [{ start: end + 1, end: end + 1 + length }]
        : [{ start: at - 1 - length, end: at - 1 }];
    });
  }

  /** A name that was spoilt itself, or half typed; only so often, each costs a look at every word. */
  #isNear(word: string): boolean {
    if (this.#guesses-- <= 0) return false;
    return didYouMean(word, this.#words) !== undefined || this.#isPart(word);
  }

  /** True for a name that ends or begins a word, or begins with the first or last one of a line: half of it is something else. */
  #isPart(name: string): boolean {
    const isIn = (word: string): boolean => name.length > 2 && (word.startsWith(name) || word.endsWith(name));
    return [...this.#words].some(isIn) || [...this.#begun].some((word) => name.startsWith(word));
  }
}

/** Words with which a line begins or ends. */
export function begunIn(lines: string): readonly string[] {
  const words = [
    ...lines.matchAll(
      /^[^\p{L}_\n]*((?<=\$)[\p{L}_][\p{L}\d_-]*|[\p{L}_][\p{L}\d_-]+)|([\p{L}_][\p{L}\d_-]*)$/gmu,
    ),
  ];
  return words.map(([, first, last]) => first ?? last ?? "");
}

/** A line without the texts in quotes that are no keys; as it is when its quotes do not come in pairs. */
function withoutTexts(line: string): string {
  const isPaired = line.length <= longest && (line.split('"').length + line.split("'").length) % 2 === 0;
  return isPaired ? line.replace(/("[^"]*"|'[^']*')(?!\s*[:={])/g, " ") : line;
}

/** A stretch of lines of a file that cannot be read. */
export interface Unread extends Span {
  readonly file: string;
  /** The section they stand in; absent where that is not known. */
  readonly section?: string;
}

/** Blocks outside of sections of which the line that opens them cannot be read, and their keys. */
function withoutName(
  items: readonly Item[],
): readonly { readonly start: number; readonly holds: readonly string[] }[] {
  const sections = items.findIndex(({ kind }) => kind === "section");
  return items.slice(0, sections < 0 ? items.length : sections).flatMap((item) => {
    // What was put in place of a key has no width.
    if (item.kind !== "entry" || item.path[0]?.end !== item.start || item.value.kind !== "object") return [];
    const holds = item.value.items.flatMap((one) => (one.kind === "entry" ? (one.path[0]?.name ?? []) : []));
    return [{ start: item.start, holds }];
  });
}

/** The section in which a place of a file stands that stands itself at a path of the document. */
function sectionOf(items: readonly Item[], start: number, under: Path | undefined): Pick<Unread, "section"> {
  const [section] = under === undefined ? [] : [...under.map(String), ...placeAt(items, start).path];
  return section === undefined || isNameless(section) ? {} : { section };
}

/** How much is looked at of a line, or of what a problem is told of. */
const longest = 1000;

/** True for a mistake in the name of a variable, or in the place of a key. */
function mayLackName(source: Source, { line, column }: Diagnostic): boolean {
  if (source.written(line).length > longest) return false;
  const text = source.line(line);
  const name = /^\s*(?:\$[^:=]*)?[:=]/.exec(text);
  return (name !== null && column <= name[0].length) || /^\s*\$\s*$/.test(text);
}

function wordsOf(text: string): readonly string[] {
  return text.match(/[\p{L}_][\p{L}\d_-]*/gu) ?? [];
}

/** Problems of a name of which a part may stand on the next line, or on the line before. */
const parted: ReadonlySet<string> = new Set([
  "TSK_UNKNOWN_OPERATOR",
  "TSK_UNKNOWN_VARIABLE",
  "TSK_UNKNOWN_NAME",
  "TSK_NO_KEY",
  "TSK_OLD_WORD",
  "TSK_DUPLICATE",
  "TSK_ARGUMENTS",
  "TSK_CYCLE",
  "TSK_TYPE",
]);

/** Problems of values that another layer need not have read. */
const absent: ReadonlySet<string> = new Set(["TSK_ENV_MISSING", "TSK_UNAVAILABLE"]);

/** Problems of names that mean a key of a map around them. */
const near: ReadonlySet<string> = new Set(["TSK_UNKNOWN_NAME", "TSK_OLD_WORD"]);

/** Problems of what a name means. */
const lookups: ReadonlySet<string> = new Set([
  "TSK_UNKNOWN_NAME",
  "TSK_UNKNOWN_VARIABLE",
  "TSK_NO_KEY",
  "TSK_OLD_WORD",
]);
