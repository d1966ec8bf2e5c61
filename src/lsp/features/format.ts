import { format as inStyle } from "../../tsk/index.ts";
import type { Edit, Snapshot } from "../snapshot.ts";

/** The file in the one style of the language; nothing to do for one that has it, or that has problems of syntax. */
export function format({ file, tree }: Snapshot): readonly Edit[] {
  const { text } = tree.source;
  const formatted = inStyle(text);
  return formatted === text ? [] : [{ file, start: 0, end: text.length, text: formatted }];
}
