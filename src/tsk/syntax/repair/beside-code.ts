import type { TskCode } from "../../codes.ts";
import type { Diagnostic } from "../../diagnostic.ts";
import { Source, type Span } from "../../source.ts";
import { reparse } from "../again/reparse.ts";
import { limits } from "../limits.ts";
import type { Tree } from "../tree.ts";
import { type Intact, intact, linesOf } from "./intact.ts";
import { isOfBracket } from "./layout.ts";
import { Lines } from "./lines.ts";

/**
 * As `intact`, of a text in which code was refused: without its lines, which are known from the first to the last, the rest is read as it
 * is written.
 */
export function intactBesideCode(tree: Tree, laidOut?: number): Intact | undefined {
  const { source, diagnostics } = tree;
  const code = diagnostics.filter((one) => isWhole(one, source.text));
  if (code.length === 0 || source.text.length > limits.saved) return intact(tree, laidOut);
  const lines = new Lines(source.text);
  lines.giveUp(code.flatMap((one) => linesOf(one, source)));
  const rest = reparse(tree, new Source(source.file, lines.left(), source.layer));
  const left = intact(rest, laidOut);
  if (left === undefined) return { items: rest.items, lost: lines.lost(), nameless: [] };
  // Without the code some brackets may hold nothing, and seem to be torn.
  const found = (left.found ?? []).filter((one) => !isOfBracket(one));
  const blocks = left.blocks === undefined ? {} : { blocks: together(lines.lost(), left.blocks) };
  return { ...left, ...blocks, found, lost: together(lines.lost(), left.lost) };
}

/** True for what is refused with all that belongs to it. A tag that nothing closes may be a sign too many. */
function isWhole({ code, start, end }: Diagnostic, text: string): boolean {
  return refused.has(code) || (code === "TSK_MARKUP" && text[end - 1] === ">" && end > start + 1);
}

const refused: ReadonlySet<string> = new Set<TskCode>(["TSK_CODE", "TSK_DIRECTIVE", "TSK_STATEMENT"]);

/** Spans in order; of two that overlap, as when all is lost, both. */
function together(some: readonly Span[], others: readonly Span[]): readonly Span[] {
  return [...some, ...others].sort((a, b) => a.start - b.start);
}
