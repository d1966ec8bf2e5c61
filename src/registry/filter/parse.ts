/** What is asked of one selector, or how several such questions are joined. */
export type Expression =
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "not"; readonly inner: Expression }
  | {
      readonly kind: "match";
      readonly selector: readonly string[];
      readonly operator: Operator;
      /** Empty for `is empty`. */
      readonly value: string;
      readonly negated: boolean;
    };

export type Operator = "equal" | "in" | "empty" | "matches";

interface Token {
  readonly kind: "word" | "text" | "sign" | "end";
  readonly text: string;
  readonly at: number;
}

const maxChars = 4_096;
const maxDepth = 64;
const pattern = /\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`)|(==|!=|[()[\]])|([^\s()[\]"`=!]+))/y;

/**
 * Reads a filter: `Service.Tags contains "v1" and not (Node.Meta["rack"] == 7 or Checks is empty)`. `and` binds
 * tighter than `or`, both to the right.
 *
 * @throws Error saying where it broke off
 */
export function parseFilter(written: string): Expression {
  if (written.length > maxChars) throw new Error(`the filter is longer than ${maxChars} characters`);
  return new Parser(tokens(written)).whole();
}

function tokens(written: string): Token[] {
  const found: Token[] = [];
  const end = written.trimEnd().length;
  for (pattern.lastIndex = 0; pattern.lastIndex < end; ) {
    const at = pattern.lastIndex;
    const match = pattern.exec(written);
    if (match === null) throw new Error(`${at + 1}: no match found`);
    const [, quoted, sign, word = ""] = match;
    if (quoted !== undefined) found.push({ kind: "text", text: unquoted(quoted), at });
    else if (sign !== undefined) found.push({ kind: "sign", text: sign, at });
    else found.push({ kind: "word", text: word, at });
  }
  return [...found, { kind: "end", text: "the end", at: end }];
}

function unquoted(quoted: string): string {
  if (quoted.startsWith("`")) return quoted.slice(1, -1);
  return quoted.slice(1, -1).replace(/\\(.)/g, "$1");
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(list: readonly Token[]) {
    this.#tokens = list;
  }

  whole(): Expression {
    const expression = this.#or();
    if (this.#peek().kind !== "end") throw this.#unexpected();
    return expression;
  }

  #or(): Expression {
    if (++this.#depth > maxDepth) throw new Error("the filter is nested too deeply");
    const left = this.#and();
    const found: Expression = this.#word("or") ? { kind: "or", left, right: this.#or() } : left;
    this.#depth--;
    return found;
  }

  #and(): Expression {
    if (++this.#depth > maxDepth) throw new Error("the filter is nested too deeply");
    const left = this.#not();
    const found: Expression = this.#word("and") ? { kind: "and", left, right: this.#and() } : left;
    this.#depth--;
    return found;
  }

  #not(): Expression {
    let negated = false;
    while (this.#word("not")) negated = !negated;
    const inner = this.#sign("(") ? this.#closed() : this.#match();
    return negated ? { kind: "not", inner } : inner;
  }

  #closed(): Expression {
    const inner = this.#or();
    if (!this.#sign(")")) throw this.#unexpected();
    return inner;
  }

  #match(): Expression {
    const first = this.#peek();
    if (first.kind === "text") return this.#in(this.#value());
    const start = this.#next;
    const selector = this.#selector();
    if (this.#sign("=="))
      return { kind: "match", selector, operator: "equal", value: this.#value(), negated: false };
    if (this.#sign("!="))
      return { kind: "match", selector, operator: "equal", value: this.#value(), negated: true };
    if (this.#word("is")) return this.#empty(selector);
    if (this.#word("contains"))
      return { kind: "match", selector, operator: "in", value: this.#value(), negated: false };
    if (this.#word("matches")) {
      return { kind: "match", selector, operator: "matches", value: this.#value(), negated: false };
    }
    if (this.#isWord("not") && this.#isWord("contains", 1)) return this.#negated(selector, "in");
    if (this.#isWord("not") && this.#isWord("matches", 1)) return this.#negated(selector, "matches");
    // What looked like a selector was a value without quotes.
    this.#next = start;
    return this.#in(this.#value());
  }

  #negated(selector: readonly string[], operator: Operator): Expression {
    this.#next += 2;
    return { kind: "match", selector, operator, value: this.#value(), negated: true };
  }

  #empty(selector: readonly string[]): Expression {
    const negated = this.#word("not");
    if (!this.#word("empty")) throw this.#unexpected();
    return { kind: "match", selector, operator: "empty", value: "", negated };
  }

  #in(value: string): Expression {
    const negated = this.#word("not");
    if (!this.#word("in")) throw this.#unexpected();
    return { kind: "match", selector: this.#selector(), operator: "in", value, negated };
  }

  #selector(): string[] {
    const { kind, text } = this.#peek();
    if (kind !== "word" || !/^[A-Za-z][\w]*(\.[\w-]+)*$/.test(text)) throw this.#unexpected();
    this.#next++;
    const parts = text.split(".");
    while (this.#sign("[")) {
      const key = this.#peek();
      if (key.kind !== "text") throw this.#unexpected();
      this.#next++;
      parts.push(key.text);
      if (!this.#sign("]")) throw this.#unexpected();
    }
    return parts;
  }

  #value(): string {
    const { kind, text } = this.#peek();
    if (kind !== "word" && kind !== "text") throw this.#unexpected();
    this.#next++;
    return text;
  }

  #peek(ahead: number = 0): Token {
    const last = this.#tokens.at(-1) ?? { kind: "end", text: "the end", at: 0 };
    return this.#tokens[this.#next + ahead] ?? last;
  }

  #isWord(text: string, ahead: number = 0): boolean {
    const token = this.#peek(ahead);
    return token.kind === "word" && token.text === text;
  }

  #word(text: string): boolean {
    if (!this.#isWord(text)) return false;
    this.#next++;
    return true;
  }

  #sign(text: string): boolean {
    const token = this.#peek();
    if (token.kind !== "sign" || token.text !== text) return false;
    this.#next++;
    return true;
  }

  #unexpected(): Error {
    const { at, text } = this.#peek();
    return new Error(`1:${at + 1}: no match found, unexpected ${text}`);
  }
}
