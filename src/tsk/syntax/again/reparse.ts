import type { Diagnostic } from "../../diagnostic.ts";
import type { Source } from "../../source.ts";
import type { Cursor } from "../cursor.ts";
import { limits } from "../limits.ts";
import { cursorOver, isRefused, isTooMuch, parse, treeOf } from "../parse.ts";
import { parseItems } from "../parse-item.ts";
import { parseValue } from "../parse-value.ts";
import { Scanner } from "../scan.ts";
import { isMerging } from "../scan-merge.ts";
import type { Report } from "../scan-string.ts";
import { kind, Tokens } from "../token.ts";
import type { Item, Tree } from "../tree.ts";
import { type Change, changeOf } from "./change.ts";
import { movedItem } from "./moved.ts";

/**
 * The tree of a text that came of another by a change: the same as `parse` gives, found by reading no more than the items
 * around the change and around what was wrong before.
 */
export function reparse(before: Tree, source: Source): Tree {
  const old = before.source;
  const same = old.file === source.file && old.compat === source.compat;
  if (!same || source.text.length > limits.text || isObject(before) || isRefused(before))
    return parse(source);
  if (isMerging(source.text) || (before.trouble !== undefined && dependsOnRest(old.text)))
    return parse(source);
  if (old.text === source.text) return { ...before, source };
  return new Reparse(before, source).tree() ?? parse(source);
}

/** True for a text in which something may be read by what stands far below: a merge, or a comment that does not end. */
function dependsOnRest(text: string): boolean {
  return isMerging(text) || text.includes("/*");
}

/** True for a document that is one object: it has one item. */
function isObject({ tokens }: Tree): boolean {
  let at = 0;
  while (tokens.kind(at) <= kind.newline) at++;
  return tokens.kind(at) === kind.openBrace;
}

class Reparse {
  readonly #before: Tree;
  readonly #source: Source;
  readonly #delta: number;
  /** Items before this one stay. */
  readonly #first: number;
  /** Items from this one on may stay. */
  #last: number;
  /** Index of the token at which reading begins. */
  readonly #start: number;

  constructor(before: Tree, source: Source) {
    const change = grown(changeOf(before.source.text, source.text), before);
    const { items, tokens } = before;
    this.#before = before;
    this.#source = source;
    this.#delta = change.delta;
    // Where an item ends is seen from the next one, so that must stay too.
    this.#first = Math.max(0, countBefore(items, (item) => item.end < change.start) - 1);
    this.#last = countBefore(items, (item) => item.start <= change.end);
    this.#start = this.#first === 0 ? 0 : tokens.indexAt(items[this.#first]?.start ?? 0);
  }

  /** The new tree; undefined when the text has become one object, or too much to be read. */
  tree(): Tree | undefined {
    const before = this.#before.items;
    const problems: Diagnostic[] = [];
    const { compat } = this.#source;
    const cursor = cursorOver(this.#source, problems, compat, (report) => this.#scan(report));
    if (isTooMuch(cursor.tokens)) return undefined;
    cursor.backTo(this.#start);
    cursor.skipNewlines();
    if (this.#first === 0 && cursor.is(kind.openBrace)) return undefined;
    const items = this.#read(cursor);
    const [kept, moved] = [before.slice(0, this.#first), before.slice(this.#last)];
    const rest =
      this.#delta === 0 ? moved : moved.map((item) => movedItem(item, (offset) => offset + this.#delta));
    return treeOf(cursor, [...kept, ...items, ...rest]);
  }

  /** Tokens as they were, up to the first item that is read and from the first that stands where one stood before. */
  #scan(report: Report): Tokens {
    const { items, tokens: old } = this.#before;
    const { text, compat } = this.#source;
    const tokens = new Tokens(old.count + (text.length >> 6) + 64);
    tokens.addAll(old, 0, this.#start, 0);
    const scanner = new Scanner(text, tokens, report, compat);
    let at = this.#start === 0 ? scanner.begin() : old.start(this.#start);
    for (; this.#last < items.length; this.#last++) {
      const start = items[this.#last]?.start ?? 0;
      at = scanner.to(at, start + this.#delta);
      if (at !== start + this.#delta || !scanner.isClean) continue;
      tokens.addAll(old, old.indexAt(start), old.count, this.#delta);
      return tokens;
    }
    scanner.to(at, text.length);
    return scanner.end();
  }

  /** Items up to one that is known. */
  #read(cursor: Cursor): readonly Item[] {
    const { items } = this.#before;
    const isKnown = (start: number): boolean => {
      while ((items[this.#last]?.start ?? Number.POSITIVE_INFINITY) + this.#delta < start) this.#last++;
      return (items[this.#last]?.start ?? Number.NaN) + this.#delta === start;
    };
    const read = parseItems(cursor, parseValue, kind.end, isKnown);
    if (cursor.is(kind.end)) this.#last = items.length;
    return read;
  }
}

/** A change together with all that was wrong before: what follows a mistake may be read otherwise without it. */
function grown(change: Change, { trouble }: Tree): Change {
  if (trouble === undefined) return change;
  return {
    start: Math.min(change.start, trouble.start),
    end: Math.max(change.end, trouble.end),
    delta: change.delta,
  };
}

/** How many of the items, which stand in order, fulfil a condition that only the first of them do. */
function countBefore(items: readonly Item[], isBefore: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && isBefore(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}
