import { repaired } from "../report/repair.ts";
import { parse } from "../syntax/parse.ts";
import { kind, type Tokens } from "../syntax/token.ts";
import { Layout } from "./layout.ts";
import { endsValue, isBinary, isClosing, joins, type Outlook, outlook } from "./spacing.ts";

/**
 * Writes a text in the one style of the language: two spaces per level, `:` between key and value, items all on one
 * line with commas or each on its own, at most one blank line, one before a section. Keeps every comment, the order of
 * everything, and what it means; blocks of older dialects get braces. A text with problems of syntax is given back as
 * it is.
 *
 * @example format("a=1 # one\nb {c:2}") // "a: 1 # one\nb: { c: 2 }\n"
 */
export function format(text: string): string {
  const today = inForm(text);
  const { tokens, diagnostics } = parse(today);
  return diagnostics.length > 0 ? text : new Formatter(today, tokens).format();
}

// A block of an older dialect is repaired from the outside in, one level a round.
const maxRounds = 64;

/** The text with what the syntax of older dialects says written in the language of today. */
function inForm(text: string): string {
  let today = text;
  for (let round = 0; round < maxRounds; round++) {
    const { diagnostics } = parse(today);
    const old = diagnostics.filter((one) => one.severity === "warning" && one.fix !== undefined);
    if (old.length === 0 || old.length < diagnostics.length) break;
    today = repaired(today, old);
  }
  return today;
}

/** What stands between two brackets, or the whole file. */
interface Group {
  /** `items`: entries; `list`: elements; `free`: parentheses, an index or a header, where line ends are white space. */
  readonly holds: "items" | "list" | "free";
  /** Every item on a line of its own. */
  readonly broken: boolean;
  /** Level of its lines, and of the line it was opened on. */
  readonly level: number;
  readonly outside: number;
}

/** One pass over the tokens: what one means follows from those before it and the group it stands in. */
class Formatter {
  readonly #text: string;
  readonly #tokens: Tokens;
  readonly #outlook: Outlook;
  readonly #out = new Layout();
  readonly #groups: Group[] = [];
  #group: Group = { holds: "items", broken: true, level: 0, outside: 0 };
  #index = 0;
  /** The last token of the item; `kind.end` where one begins. */
  #before: number = kind.end;
  #beforeThat: number = kind.end;
  /** The key of the entry is written, its value is not. */
  #inValue = false;
  /** A comment on a line of its own stands right above. */
  #underComment = false;
  /** The last thing written is a comment up to the end of its line. */
  #afterComment = false;
  /** Something that is no comment stands on this line of the source already. */
  #lineBegan = false;

  constructor(text: string, tokens: Tokens) {
    this.#text = text;
    this.#tokens = tokens;
    this.#outlook = outlook(tokens);
  }

  format(): string {
    for (let now = this.#tokens.kind(0); now !== kind.end; now = this.#tokens.kind(++this.#index)) {
      this.#token(now);
      if (now >= kind.newline) this.#lineBegan = now !== kind.newline;
    }
    return this.#out.finish();
  }

  #token(now: number): void {
    switch (now) {
      case kind.space:
        break;
      case kind.comment:
        this.#comment();
        break;
      case kind.newline:
        this.#lineEnd();
        break;
      case kind.comma:
      case kind.semicolon:
        this.#separator();
        break;
      case kind.openBrace:
        if (endsValue(this.#before)) this.#openBlock(false);
        else this.#open("{", "items");
        break;
      case kind.openBracket:
        this.#openBracket();
        break;
      case kind.openParen:
        this.#open("(", "free", this.#isGlued());
        break;
      case kind.closeBrace:
      case kind.closeBracket:
      case kind.closeParen:
        this.#close(this.#slice(this.#index), now);
        break;
      case kind.head:
      case kind.blockHead:
        this.#template();
        break;
      default:
        if (this.#group.holds === "items" && !this.#inValue) this.#inKey(now);
        else this.#put(this.#slice(this.#index), this.#meaning(now));
    }
  }

  /** Between the beginning of an item and its value. */
  #inKey(now: number): void {
    if (now === kind.colon || now === kind.equals) {
      this.#out.glued(":");
      this.#passed(kind.colon);
      this.#inValue = true;
    } else if (now === kind.greater) this.#openBlock(true);
    else if (now === kind.less) this.#close("}", kind.closeBrace);
    else {
      this.#put(this.#slice(this.#index), now);
      this.#inValue = now === kind.spread;
    }
  }

  /** The `:` of a condition goes with its `?`; a minus that has nothing to subtract from belongs to what follows. */
  #meaning(now: number): number {
    if (now === kind.colon) return kind.question;
    return now === kind.minus && !endsValue(this.#before) ? kind.not : now;
  }

  /** A string with `${}` stays as it is written, whatever stands in it. */
  #template(): void {
    const first = this.#index;
    for (let depth = 0; ; this.#index++) {
      const now = this.#tokens.kind(this.#index);
      if (now === kind.head || now === kind.blockHead) depth++;
      if ((now === kind.tail || now === kind.blockTail) && --depth === 0) break;
    }
    this.#put(this.#slice(first), kind.tail);
  }

  #put(text: string, meaning: number): void {
    if (joins(this.#before, meaning)) this.#out.glued(text);
    else this.#out.word(text);
    this.#passed(meaning);
  }

  #passed(meaning: number): void {
    this.#beforeThat = this.#before;
    this.#before = meaning;
    this.#underComment = false;
    this.#afterComment = false;
  }

  /** `key {` and `key >` become `key: {`; behind a label there is no colon. */
  #openBlock(angle: boolean): void {
    const quoted = this.#before === kind.string || this.#before === kind.raw;
    const labelled = quoted && endsValue(this.#beforeThat);
    if (!labelled) this.#out.glued(":");
    this.#open("{", "items", false, angle);
  }

  #openBracket(): void {
    const header = this.#groups.length === 0 && !this.#inValue;
    if (header && !this.#underComment) this.#out.blank();
    if (header || this.#isGlued()) this.#open("[", "free", !header);
    else this.#open("[", "list");
  }

  #open(bracket: string, holds: Group["holds"], glued = false, angle = false): void {
    if (glued || joins(this.#before, kind.openParen)) this.#out.glued(bracket);
    else this.#out.word(bracket);
    const next = this.#nextButLineEnds();
    const empty = isClosing(next) || (angle && next === kind.less);
    const broken = holds !== "free" && !empty && (angle || this.#outlook.broken.has(this.#index));
    const outside = this.#out.level;
    this.#groups.push(this.#group);
    this.#group = { holds, broken, level: outside + 1, outside };
    this.#passed(holds === "free" ? kind.openParen : kind.end);
    this.#inValue = holds === "list";
    if (broken) this.#out.lineEnd(outside + 1, true);
    else if (holds !== "free") this.#out.opened(holds === "items" && !empty);
  }

  #close(bracket: string, meaning: number): void {
    const { holds, broken, outside } = this.#group;
    this.#out.noBlank();
    if (broken || this.#out.atLineStart) this.#out.lineEnd(outside);
    if (holds === "items" && !broken && this.#before !== kind.end) this.#out.word(bracket);
    else this.#out.glued(bracket);
    this.#group = this.#groups.pop() ?? this.#group;
    this.#inValue = true;
    this.#passed(meaning);
  }

  #separator(): void {
    const next = this.#outlook.beyond(this.#index);
    const goesOn = !isClosing(next) && next !== kind.comma && next !== kind.semicolon;
    if (this.#group.holds === "free") {
      if (goesOn) this.#out.glued(",");
      this.#passed(kind.comma);
    } else if (this.#group.broken) {
      this.#out.lineEnd(this.#group.level);
      this.#itemEnd();
    } else if (goesOn && this.#before !== kind.end) {
      this.#out.glued(",");
      this.#itemEnd();
    }
  }

  #lineEnd(): void {
    const next = this.#outlook.beyond(this.#index);
    const { holds, level, broken } = this.#group;
    if (holds === "free") this.#out.lineEnd(level);
    else if (isBinary(this.#before) || next === kind.question || next === kind.colon)
      this.#out.lineEnd(level + 1);
    else if (broken) {
      this.#out.lineEnd(level, this.#out.isOpening);
      this.#itemEnd();
      if (!this.#isBlankBelow()) return;
      this.#out.blank();
      this.#underComment = false;
    }
  }

  #itemEnd(): void {
    this.#before = kind.end;
    this.#beforeThat = kind.end;
    this.#inValue = this.#group.holds === "list";
  }

  #comment(): void {
    const text = this.#slice(this.#index).trimEnd();
    const next = this.#outlook.onLine(this.#index);
    const ends = next === kind.newline || next === kind.end;
    // A comma that is dropped may leave two comments, which need two lines.
    if (ends && this.#lineBegan && !this.#afterComment) this.#out.trailing(text);
    else this.#ownLineComment(text);
    this.#afterComment = ends;
  }

  #ownLineComment(text: string): void {
    const above = this.#groups.length === 0 && this.#before === kind.end && !this.#underComment;
    if (above && this.#isAboveHeader()) this.#out.blank();
    this.#out.word(text);
    this.#underComment = true;
  }

  /** Comments without a blank line between them, from here down to a section header. */
  #isAboveHeader(): boolean {
    let lines = 0;
    for (let at = this.#index + 1; ; at++) {
      const now = this.#tokens.kind(at);
      if (now === kind.newline) lines++;
      else if (now === kind.comment) lines = 0;
      else if (now !== kind.space) return now === kind.openBracket;
      if (lines > 1) return false;
    }
  }

  #isBlankBelow(): boolean {
    const next = this.#tokens.kind(this.#index + 1);
    return (next === kind.space ? this.#tokens.kind(this.#index + 2) : next) === kind.newline;
  }

  #nextButLineEnds(): number {
    let at = this.#index + 1;
    while (this.#tokens.kind(at) === kind.space || this.#tokens.kind(at) === kind.newline) at++;
    return this.#tokens.kind(at);
  }

  /** An index or the arguments of a call: right behind a value. */
  #isGlued(): boolean {
    return endsValue(this.#before) && this.#tokens.kind(this.#index - 1) > kind.newline;
  }

  #slice(first: number): string {
    return this.#text.slice(this.#tokens.start(first), this.#tokens.end(this.#index));
  }
}
