import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./judge.ts";

/** A fleet file as somebody wrote it, with several mistakes of the kinds that people make. */
export interface Written {
  readonly name: string;
  readonly text: string;
  /** What must be told of it in one run, and nothing else. */
  readonly mistakes: readonly { readonly line: number; readonly code: string; readonly what: string }[];
}

/** The files below `files/`: a text, a divider, and a line for each mistake: where, the code, and what it is. */
export function writtenFiles(): readonly Written[] {
  const folder = join(root, "test/support/slips/files");
  return readdirSync(folder)
    .toSorted()
    .map((name) => {
      const [text = "", told = ""] = readFileSync(join(folder, name), "utf8").split("=== told\n");
      const mistakes = told
        .trim()
        .split("\n")
        .map((one) => {
          const [line, code = "", ...what] = one.split(" ");
          return { line: Number(line), code, what: what.join(" ") };
        });
      return { name, text, mistakes };
    });
}
