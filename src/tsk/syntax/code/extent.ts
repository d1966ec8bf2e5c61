/** How many characters may still be looked at for ends of constructs: many that never end must not cost the square of their number. */
export interface Reach {
  left: number;
}

/** What a text may be looked at. */
export function wholeReach(): Reach {
  return { left: 1024 * 1024 };
}

/**
 * Where a construct of a program ends that begins at an offset: with its brackets, with the word that ends it (`end`, `fi`, `done`,
 * `esac`), with its lines that stand deeper behind a colon, else with its line. Branches that follow (`else`, `catch` …) are part of it.
 */
export function extentOf(text: string, start: number, reach: Reach): number {
  const limit = limitOf(text, start, reach);
  let end = statementEnd(text, start, limit, false);
  const indent = indentAt(text, start);
  for (let from = start; ; ) {
    end = blockEnd(text, { from, end: end.at, indent, limit, isOpen: end.isOpen });
    const next = end.isOpen ? undefined : branchBelow(text, end.at, limit, indent);
    if (next === undefined) break;
    from = next;
    end = statementEnd(text, next, limit, false);
  }
  return spent(text, start, { ...end, limit }, reach);
}

/** The same of code in the place of a value: it ends before a comma, and is no block of lines. */
export function valueExtentOf(text: string, start: number, reach: Reach): number {
  const limit = limitOf(text, start, reach);
  const { at, isOpen } = statementEnd(text, start, limit, true);
  const closed = opensBlock.test(text.slice(start, at)) ? wordEnd(text, at, limit) : undefined;
  return spent(text, start, { at: closed ?? at, isOpen, limit }, reach);
}

const opensBlock = /\bdo(?:[ \t]*\|[^|\n]*\|)?\s*$/;

/** Where something ends, and whether all was looked at for that in vain. */
interface End {
  readonly at: number;
  readonly isOpen: boolean;
}

function limitOf(text: string, start: number, { left }: Reach): number {
  return Math.max(lineEndAt(text, start), Math.min(text.length, start + Math.min(farthest, left)));
}

function spent(
  text: string,
  start: number,
  { at, isOpen, limit }: End & { limit: number },
  reach: Reach,
): number {
  reach.left = Math.max(0, reach.left - ((isOpen ? limit : at) - start));
  return start + text.slice(start, at).trimEnd().length;
}

/** A construct is no longer than this. */
const farthest = 256 * 1024;

interface Head {
  readonly from: number;
  readonly end: number;
  readonly indent: number;
  readonly limit: number;
  readonly isOpen: boolean;
}

/** The end of what belongs to a line that ends here. */
function blockEnd(text: string, { from, end, indent, limit, isOpen }: Head): End {
  const head = text.slice(from, end).trimEnd();
  const line = head.slice(head.lastIndexOf("\n") + 1).replace(/\s+(?:#|\/\/).*$/, "");
  if (line.endsWith(":")) return { at: deeperEnd(text, end, limit, indent), isOpen };
  if (!opensWords.test(line) || closesWords.test(line)) return { at: end, isOpen };
  const closed = wordEnd(text, end, limit);
  return { at: closed ?? end, isOpen: isOpen || closed === undefined };
}

/** A line that something at the beginning of another one ends: Ruby, shells. */
const opensWords =
  /^\s*(?:(?:if|unless|while|until|for|case|def|class|module|begin|select)\b(?!.*\{$)(?!.*\) =)|.*\bdo(?:[ \t]*\|[^|]*\|)?$)/;
const closesWords = /\b(?:end|fi|done|esac)[ \t]*;?$/;
const closer = /^\s*(?:end|fi|done|esac)\b/;

/** Behind the word that ends a block of words; undefined when none does. */
function wordEnd(text: string, from: number, limit: number): number | undefined {
  let depth = 1;
  for (let at = from; at < limit; ) {
    const next = lineEndAt(text, at + 1);
    const line = text
      .slice(at, next)
      .trim()
      .replace(/\s+#.*$/, "");
    if (closer.test(line)) {
      if (--depth === 0) return next;
    } else if (opensWords.test(line) && !closesWords.test(line)) depth++;
    if (next >= text.length) return undefined;
    at = next;
  }
  return undefined;
}

/** The end of the last of the lines below that stand deeper. */
function deeperEnd(text: string, from: number, limit: number, indent: number): number {
  let end = from;
  for (let at = from; at < limit && at < text.length; ) {
    const next = lineEndAt(text, at + 1);
    const line = text.slice(at + 1, next);
    if (line.trim() !== "") {
      if (widthOf(line) <= indent) return end;
      end = next;
    }
    at = next;
  }
  return end;
}

const branch =
  /^[ \t]*(?:(?:\}[ \t]*)?(?:else|elif|elsif|elseif|except|catch|finally|rescue|ensure)\b(?![ \t]*=)|\.\w+\()/;

/** Where a branch of the same construct begins on the next line that is not empty. */
function branchBelow(text: string, end: number, limit: number, indent: number): number | undefined {
  let at = end;
  while (at < limit && at < text.length) {
    const next = lineEndAt(text, at + 1);
    const line = text.slice(at + 1, next);
    if (line.trim() !== "") {
      const width = widthOf(line);
      const isChain = /^\s*\./.test(line);
      return branch.test(line) && (width === indent || (isChain && width > indent))
        ? at + 1 + width
        : undefined;
    }
    at = next;
  }
  return undefined;
}

const pairs: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** Signs that mean something to where a statement ends; what stands between them is passed at once. */
const signs = /[\n()[\]{}"'`/#,;]/g;

/**
 * The end of the line on which all brackets are closed that were opened from here on; a brace that opens the next line belongs to it.
 * Where they are never closed, the end of the lines that stand deeper.
 */
function statementEnd(text: string, start: number, limit: number, isValue: boolean): End {
  const open: string[] = [];
  const isOutside = (): boolean => open.length === 0;
  for (let at = nextSign(text, start); at < limit; ) {
    const sign = text[at] ?? "";
    if (sign === "\n") {
      if (isOutside() && !goesOn(text, start, at, isValue)) return { at, isOpen: false };
    } else if (sign === "(" || sign === "[" || sign === "{") open.push(sign);
    else if (sign in pairs) {
      if (isOutside() && (isValue || sign === "}")) return { at, isOpen: false };
      // Patterns of a shell close what nothing opens.
      const found = open.lastIndexOf(pairs[sign] ?? "");
      while (found >= 0 && open.length > found) open.pop();
    } else if (isValue && isOutside() && (sign === "," || sign === ";")) return { at, isOpen: false };
    at = nextSign(text, passed(text, at, limit));
  }
  if (isOutside()) return { at: limit, isOpen: false };
  return { at: deeperEnd(text, lineEndAt(text, start), limit, indentAt(text, start)), isOpen: true };
}

function nextSign(text: string, from: number): number {
  signs.lastIndex = from;
  return signs.exec(text)?.index ?? text.length;
}

/** True where a statement goes on behind a line end: a backslash before it, or a brace that opens the next line. */
function goesOn(text: string, start: number, newline: number, isValue: boolean): boolean {
  const before = text[newline - 1] === "\r" ? newline - 1 : newline;
  if (text[before - 1] === "\\") return true;
  if (isValue || /[;,{}]\s*$/.test(text.slice(Math.max(start, before - 100), before))) return false;
  return /^\s{0,100}\{[ \t]*\r?\n/.test(text.slice(newline, newline + 110));
}

/** Past a sign; past a text in quotes or a comment that begins with it. */
function passed(text: string, at: number, limit: number): number {
  const sign = text[at];
  const next = text[at + 1] ?? "\n";
  if (sign === '"' || sign === "'" || sign === "`") return quoted(text, at, sign);
  if (sign === "/" && next === "/" && text[at - 1] !== ":") return lineEndAt(text, at);
  if (sign === "/" && next === "*") return pastComment(text, at, limit);
  const isComment = sign === "#" && /\s/.test(text[at - 1] ?? "\n") && /[\s!]/.test(next);
  return isComment ? lineEndAt(text, at) : at + 1;
}

/** A comment or a text over lines is no longer than this. */
const longestText = 4096;

function pastComment(text: string, at: number, limit: number): number {
  const end = text.slice(at, Math.min(limit, at + longestText)).indexOf("*/", 2);
  return end < 0 ? at + 2 : at + end + 2;
}

const closing: Readonly<Record<string, RegExp>> = {
  '"': /"(?:[^"\\\n]|\\[\s\S])*"/y,
  "'": /'(?:[^'\\\n]|\\[\s\S])*'/y,
  "`": /`(?:[^`\\]|\\[\s\S]){0,4096}`/y,
};

function quoted(text: string, at: number, quote: string): number {
  const triple = quote.repeat(3);
  if (quote !== "`" && text.startsWith(triple, at)) {
    const end = text.slice(at + 3, at + longestText).indexOf(triple);
    return end < 0 ? at + 3 : at + end + 6;
  }
  const whole = closing[quote];
  // A lifetime of Rust.
  if (whole === undefined || (quote === "'" && /[<&]/.test(text[at - 1] ?? ""))) return at + 1;
  whole.lastIndex = at;
  return whole.test(text) ? whole.lastIndex : at + 1;
}

/** How far right the line of an offset begins. */
function indentAt(text: string, at: number): number {
  const line = text.lastIndexOf("\n", at - 1) + 1;
  return widthOf(text.slice(line, at));
}

function widthOf(line: string): number {
  return line.length - line.trimStart().length;
}

function lineEndAt(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}
