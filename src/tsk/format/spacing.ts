import { kind, type Tokens } from "../syntax/token.ts";

/** True for a token that stands between two operands. A minus that belongs to what follows is passed as `kind.not`. */
export function isBinary(token: number): boolean {
  return token === kind.question || (token >= kind.coalesce && token <= kind.modulo);
}

/** True when a value or a key can end with this token. */
export function endsValue(token: number): boolean {
  return (
    (token >= kind.name && token <= kind.tail) ||
    token === kind.blockTail ||
    token === kind.closeBrace ||
    token === kind.closeBracket ||
    token === kind.closeParen
  );
}

export function isClosing(token: number): boolean {
  return token === kind.closeBrace || token === kind.closeBracket || token === kind.closeParen;
}

/** True when no space stands between two tokens; `equals` is that of a named argument. */
export function joins(before: number, now: number): boolean {
  switch (before) {
    case kind.openParen:
    case kind.at:
    case kind.dot:
    case kind.spread:
    case kind.not:
    case kind.equals:
      return true;
    default:
      return now === kind.dot || now === kind.equals;
  }
}

/** What one look over all tokens tells, so that no token needs to look far. */
export interface Outlook {
  /**
   * Opening brackets, by index, directly inside of which a line ends. A line end in a block `>` … `<` counts for the
   * bracket around it, which has lines of its own then.
   */
  readonly broken: ReadonlySet<number>;
  /** Kind of the next token that is no trivia. */
  beyond(index: number): number;
  /** Kind of the next token that is neither a space nor a comment. */
  onLine(index: number): number;
}

export function outlook(tokens: Tokens): Outlook {
  const { count } = tokens;
  const beyond = new Uint8Array(count);
  const onLine = new Uint8Array(count);
  let [far, near]: [number, number] = [kind.end, kind.end];
  for (let index = count - 1; index >= 0; index--) {
    beyond[index] = far;
    onLine[index] = near;
    const now = tokens.kind(index);
    if (now > kind.newline) far = now;
    if (now >= kind.newline) near = now;
  }
  return {
    broken: brokenGroups(tokens),
    beyond: (index) => beyond[index] ?? kind.end,
    onLine: (index) => onLine[index] ?? kind.end,
  };
}

function brokenGroups(tokens: Tokens): ReadonlySet<number> {
  const broken = new Set<number>();
  const open: number[] = [];
  for (let index = 0; index < tokens.count; index++) {
    const now = tokens.kind(index);
    if (now === kind.openBrace || now === kind.openBracket || now === kind.openParen) open.push(index);
    else if (isClosing(now)) open.pop();
    else if (now === kind.newline) {
      const innermost = open.at(-1);
      if (innermost !== undefined) broken.add(innermost);
    }
  }
  return broken;
}
