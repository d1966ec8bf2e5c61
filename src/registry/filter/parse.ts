import { type Token, tokens } from "./tokens.ts";

/** What is asked of one selector, or how several such questions are joined. */
export type Expression =
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "not"; readonly inner: Expression }
  | {
      readonly kind: "match";
      readonly selector: readonly string[];
      readonly operator: Operator;
      /** Empty for `is empty` and `is nil`. */
      readonly value: string;
      readonly negated: boolean;
    }
  /** Whether something holds for one or for each of the members of what the selector names. */
  | {
      readonly kind: "some" | "every";
      readonly selector: readonly string[];
      /** What a member is called inside: one name, or its place or key and its value. */
      readonly names: readonly string[];
      readonly inner: Expression;
    };

export type Operator = "equal" | "in" | "empty" | "nil" | "matches";

const maxDepth = 64;
/**
 * Reads a filter: `Service.Tags contains "v1" and not (Node.Meta["rack"] == 7 or Checks is empty)`. `and` binds
 * tighter than `or`, both to the right. `"/Service/Tags"` is a selector too.
 *
 * @throws Error saying where it broke off
 */
export function parseFilter(written: string): Expression {
  return new Parser(tokens(written)).whole();
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
    const inner = this.#sign("(") ? this.#closed(")") : (this.#members() ?? this.#match());
    return negated ? { kind: "not", inner } : inner;
  }

  #closed(end: ")" | "}"): Expression {
    const inner = this.#or();
    if (!this.#sign(end)) throw this.#unexpected();
    return inner;
  }

  /** `any Checks as c { c.Status == passing }`, `all Service.Meta as key, value { … }`. */
  #members(): Expression | undefined {
    const kind = this.#isWord("any") ? "some" : this.#isWord("all") ? "every" : undefined;
    // Either may be a value too, of which somebody asks whether it is in something.
    if (kind === undefined || this.#isWord("in", 1) || this.#isWord("not", 1)) return undefined;
    this.#next++;
    const selector = this.#selector();
    if (!this.#word("as")) throw this.#unexpected();
    const names = [this.#name()];
    if (this.#sign(",")) names.push(this.#name());
    if (!this.#sign("{")) throw this.#unexpected();
    return { kind, selector, names, inner: this.#closed("}") };
  }

  #name(): string {
    const { kind, text } = this.#peek();
    if (kind !== "word" || !/^[A-Za-z_]\w*$/.test(text)) throw this.#unexpected();
    this.#next++;
    return text;
  }

  #match(): Expression {
    const start = this.#next;
    const first = this.#peek();
    if (!isSelector(first)) return this.#in(this.#value());
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
    const operator = this.#word("nil") ? "nil" : "empty";
    if (operator === "empty" && !this.#word("empty")) throw this.#unexpected();
    return { kind: "match", selector, operator, value: "", negated };
  }

  #in(value: string): Expression {
    const negated = this.#word("not");
    if (!this.#word("in")) throw this.#unexpected();
    return { kind: "match", selector: this.#selector(), operator: "in", value, negated };
  }

  #selector(): string[] {
    const { kind, text } = this.#peek();
    if (!isSelector(this.#peek())) throw this.#unexpected();
    this.#next++;
    if (kind === "text") return pointed(text);
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

function isSelector({ kind, text }: Token): boolean {
  return kind === "text" ? text.startsWith("/") : kind === "word" && /^[A-Za-z]\w*(\.[\w-]+)*$/.test(text);
}

/** A selector as JSON Pointer (RFC 6901 §3): `"/Service/Meta/a.b"`. */
function pointed(written: string): string[] {
  return written
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
