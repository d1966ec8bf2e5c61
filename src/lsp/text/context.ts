import { kind, type Path, type Span, type Tree } from "../../tsk/index.ts";

/** What stands at a place of a text, as far as the tokens before it say. Needs no valid text around it. */
export interface Context {
  /** The keys down to here: those of the map around, and the one being written or given a value. */
  readonly path: readonly string[];
  /** The map around, without the key of this entry. */
  readonly map: readonly string[];
  readonly part: "key" | "value" | "section" | "none";
  /** True inside an expression: what stands here is not the whole value of `path`. */
  readonly nested: boolean;
  /** The operator whose arguments are around, and which one this is. */
  readonly call: { readonly name: string; readonly index: number } | undefined;
  /** The word here: what is looked at, or what a completion replaces. Undefined between words. */
  readonly token: Token | undefined;
}

/** A token that is a word: a name, a variable, a string, a literal. */
export interface Token extends Span {
  readonly index: number;
  readonly kind: number;
}

/** What a person looks at: the word under an offset, or the one that ends there. */
export function contextAt(tree: Tree, offset: number): Context {
  return walkTo(tree, offset, wordAt(tree, offset) ?? wordBefore(tree, offset));
}

/** What a person writes: the word that the offset is in or behind, never the one that begins there. */
export function contextBefore(tree: Tree, offset: number): Context {
  return walkTo(tree, offset, wordBefore(tree, offset));
}

/** Index of the token that covers an offset, or the last one. */
export function tokenAt(tree: Tree, offset: number): number {
  let low = 0;
  let high = tree.tokens.count - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tree.tokens.end(middle) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function wordAt(tree: Tree, offset: number): Token | undefined {
  return wordOf(tree, tokenAt(tree, offset));
}

function wordBefore(tree: Tree, offset: number): Token | undefined {
  return offset === 0 ? undefined : wordOf(tree, tokenAt(tree, offset - 1));
}

function wordOf({ tokens }: Tree, index: number): Token | undefined {
  const word = tokens.kind(index);
  const is = (word >= kind.name && word <= kind.rawBlock) || word === kind.broken || word === kind.comment;
  return is ? { index, kind: word, start: tokens.start(index), end: tokens.end(index) } : undefined;
}

function walkTo(tree: Tree, offset: number, token: Token | undefined): Context {
  const walk = new Walk(tree);
  const until = token?.start ?? offset;
  for (let index = 0; index < tree.tokens.count && tree.tokens.end(index) <= until; index++) walk.pass(index);
  return token?.kind === kind.comment ? { ...walk.context(undefined), part: "none" } : walk.context(token);
}

interface Frame {
  /** `items` has keys and values; the others stand in a value. */
  readonly kind: "items" | "list" | "args" | "group" | "text";
  readonly path: Path;
  readonly call: string | undefined;
  keys: string[];
  part: "key" | "value" | "section";
  /** Which element of a list, which argument of a call. */
  index: number;
}

/** Follows the brackets and keys of a text, token by token; forgives what the parser reports. */
class Walk {
  readonly #tree: Tree;
  #stack: Frame[] = [frameOf("items", [])];
  #operator = "";
  /** The token before, white space not counted. */
  #last: number = kind.newline;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  context(token: Token | undefined): Context {
    const items = this.#stack.findLastIndex((frame) => frame.kind === "items");
    const around = this.#stack[items] ?? frameOf("items", []);
    const top = this.#top;
    const map = around.part === "section" ? [] : around.path.map(String);
    const keys = [...around.keys];
    if (around.part !== "value" && token !== undefined) keys.push(...this.#keysOf(token));
    const lists = this.#stack.slice(items + 1);
    const indexes = lists.every((frame) => frame.kind === "list") ? lists.map((f) => String(f.index)) : [];
    return {
      path: [...map, ...keys, ...indexes],
      map,
      part: around.part,
      nested: top.kind === "args" || top.kind === "group" || top.kind === "text",
      call: top.kind === "args" ? { name: top.call ?? "", index: top.index } : undefined,
      token,
    };
  }

  pass(index: number): void {
    const token = this.#tree.tokens.kind(index);
    if (token <= kind.invalid) return;
    if (token === kind.openBracket && this.#isHeader(index)) this.#stack = [frameOf("items", [])];
    if (token === kind.newline || token === kind.semicolon || token === kind.comma) this.#separate(token);
    else if (!this.#bracket(token, index)) this.#word(token, index);
    this.#last = token;
  }

  get #top(): Frame {
    return this.#stack.at(-1) ?? frameOf("items", []);
  }

  #separate(token: number): void {
    const top = this.#top;
    if (top.kind === "items") {
      top.keys = [];
      top.part = "key";
    } else if (token === kind.comma || (top.kind === "list" && this.#isElement())) top.index++;
  }

  /** In a list a line end parts elements, but an empty line and the one after the bracket part nothing. */
  #isElement(): boolean {
    return this.#last !== kind.newline && this.#last !== kind.comma && this.#last !== kind.openBracket;
  }

  #bracket(token: number, index: number): boolean {
    const top = this.#top;
    switch (token) {
      case kind.openBrace:
        this.#push(frameOf("items", this.#valuePath()));
        return true;
      case kind.openBracket:
        if (top.kind === "items" && top.part === "key" && top.keys.length === 0) top.part = "section";
        else this.#push(frameOf("list", this.#valuePath()));
        return true;
      case kind.openParen: {
        const call = this.#last === kind.name && this.#operator !== "" ? this.#operator : undefined;
        this.#push(frameOf(call === undefined ? "group" : "args", [], call));
        return true;
      }
      case kind.head:
      case kind.blockHead:
        this.#push(frameOf("text", []));
        return true;
      case kind.tail:
      case kind.blockTail:
        this.#pop("text");
        return true;
      case kind.closeBrace:
        this.#pop("items");
        return true;
      case kind.closeBracket:
        if (top.part === "section") this.#stack = [frameOf("items", top.keys)];
        else this.#pop("list");
        return true;
      case kind.closeParen:
        this.#pop(this.#top.kind === "args" ? "args" : "group");
        return true;
      case kind.greater:
        return this.#angle(index);
      case kind.less:
        if (top.kind !== "items" || top.part !== "key" || top.keys.length > 0) return false;
        this.#pop("items");
        return true;
      default:
        return false;
    }
  }

  /** `key >` at the end of a line opens a block. */
  #angle(index: number): boolean {
    const top = this.#top;
    if (top.kind !== "items" || top.part !== "key" || top.keys.length === 0) return false;
    let at = index + 1;
    while (this.#tree.tokens.kind(at) <= kind.invalid) at++;
    if (this.#tree.tokens.kind(at) !== kind.newline) return false;
    this.#push(frameOf("items", this.#valuePath()));
    return true;
  }

  #word(token: number, index: number): void {
    const { tokens, source } = this.#tree;
    const text = source.text.slice(tokens.start(index), tokens.end(index));
    if (token === kind.at) this.#operator = "@";
    else if (token === kind.name && this.#operator.endsWith("@")) this.#operator = text;
    else if (token === kind.name && this.#last === kind.dot && this.#operator !== "")
      this.#operator += `.${text}`;
    else if (token !== kind.dot) this.#operator = "";
    const top = this.#top;
    if (top.kind !== "items" || top.part === "value") return;
    if (token === kind.colon || token === kind.equals || token === kind.spread || token === kind.at)
      top.part = "value";
    else {
      const { start, end } = { start: tokens.start(index), end: tokens.end(index) };
      top.keys.push(...this.#keysOf({ index, kind: token, start, end }));
    }
  }

  /** The keys that one token spells; none when it is no key. */
  #keysOf(token: Token): readonly string[] {
    const text = this.#tree.source.text.slice(token.start, token.end);
    if (token.kind === kind.string || token.kind === kind.raw) return [text.slice(1, -1)];
    if (token.kind === kind.variable) return [text];
    return token.kind >= kind.name && token.kind <= kind.date ? text.split(".") : [];
  }

  #valuePath(): Path {
    const top = this.#top;
    if (top.kind === "list") return [...top.path, String(top.index)];
    return top.kind === "items" ? [...top.path, ...top.keys] : top.path;
  }

  #push(frame: Frame): void {
    this.#stack.push(frame);
  }

  /** Closes the nearest frame of a kind, with what was left open in it. */
  #pop(wanted: Frame["kind"]): void {
    const at = this.#stack.findLastIndex((frame) => frame.kind === wanted);
    if (at > 0) this.#stack.length = at;
  }

  /** A `[path]` alone on a line without indentation begins a section, whatever was left open before it. */
  #isHeader(index: number): boolean {
    const { source, tokens } = this.#tree;
    const start = tokens.start(index);
    if (start > 0 && source.text[start - 1] !== "\n") return false;
    const end = source.text.indexOf("\n", start);
    const line = source.text.slice(start, end < 0 ? undefined : end);
    const alone = /^\[\s*[\p{L}_"'][^[\]{}:=,]*\]\s*(?:#.*|\/\/.*)?$/u;
    return alone.test(line) && (this.#stack.length === 1 || !/^\[\s*"/.test(line));
  }
}

function frameOf(frameKind: Frame["kind"], path: Path, call?: string): Frame {
  return { kind: frameKind, path, call, keys: [], part: "key", index: 0 };
}
