import type { Source } from "../source.ts";
import { kind } from "../syntax/token.ts";
import type { Tree } from "../syntax/tree.ts";
import type { Evaluated } from "../value/data.ts";

/**
 * Hides the defaults written beside `@env.secure`, and what `??` or `||` puts in the place of a secret, from everything that
 * prints the source, used or not.
 */
export function maskDefaults(tree: Tree): void {
  const { source, tokens } = tree;
  const { text } = source;
  for (const { index: from, 0: called } of text.matchAll(/@(?:env\.secure|secret|encrypted)\b/g)) {
    let index = tokens.indexAt(from);
    const secure = called === "@env.secure";
    if (secure && (tokens.kind(index) === kind.string || tokens.kind(index) === kind.raw)) {
      // Older dialects put the call in quotes.
      const comma = text.indexOf(",", from);
      if (comma >= 0 && comma < tokens.end(index))
        source.mask({ start: comma + 1, end: tokens.end(index) - 1 });
    }
    if (tokens.kind(index) !== kind.at) continue;
    index += secure ? 4 : 2;
    if (tokens.kind(index) !== kind.openParen) continue;
    const comma = seek(tree, index + 1, 0, secure);
    let close = comma;
    if (secure && tokens.kind(comma) === kind.comma) {
      close = seek(tree, comma + 1, 0, false);
      const start = tokens.end(comma);
      // Of a call that is not closed it is not known where it ends; what goes on below is looked at when it is shown.
      const isClosed = tokens.kind(close) === kind.closeParen;
      const end = isClosed ? tokens.start(close) : source.lineSpan(source.at({ start, end: start }).line).end;
      source.mask({ start, end });
    }
    if (tokens.kind(close) === kind.closeParen) maskInPlace(tree, close + 1);
  }
}

/** Hides the text behind a `??` or `||` that follows. */
function maskInPlace({ source, tokens }: Tree, from: number): void {
  const behind = (index: number): number => {
    let at = index;
    while (tokens.kind(at) <= kind.newline && at < index + maxTokens) at++;
    return at;
  };
  const sign = behind(from);
  if (tokens.kind(sign) !== kind.coalesce && tokens.kind(sign) !== kind.or) return;
  const value = behind(sign + 1);
  if (tokens.kind(value) >= kind.int && tokens.kind(value) <= kind.rawBlock)
    source.mask({ start: tokens.start(value), end: tokens.end(value) });
}

// A default is short. Without a limit, a file of calls that never close would cost the square of its length.
const maxTokens = 256;

/** Index of the first comma (when asked) or of the closing parenthesis of the call; or of where it gives up. */
function seek(tree: Tree, from: number, depth: number, comma: boolean): number {
  let open = depth;
  for (let index = from; ; index++) {
    const token = tree.tokens.kind(index);
    if (token === kind.end || index > from + maxTokens) return index;
    if (open === 0 && (token === kind.closeParen || (comma && token === kind.comma))) return index;
    if (token === kind.openParen || token === kind.openBracket || token === kind.openBrace) open++;
    if (token === kind.closeParen || token === kind.closeBracket || token === kind.closeBrace) open--;
  }
}

/** Hides what layers wrote to a key that is a secret: theirs is the same secret in plain text. */
export function maskCovered({ places }: Evaluated): void {
  for (const { source, span } of places) if (!callsSecure(source, span.start)) source.mask(span);
}

function callsSecure(source: Source, start: number): boolean {
  return /^@(?:env\.secure|secret|encrypted)\b/.test(source.text.slice(start, start + 12));
}
