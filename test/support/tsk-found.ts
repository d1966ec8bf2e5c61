import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a campaign tries: everything that its check needs, so that it fails again when it is read back. */
export type Input =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** A text and the line (from 0) before which a secret is written. */
  | { readonly kind: "secret"; readonly text: string; readonly line: number }
  /** A text, and another one over it. */
  | { readonly kind: "layers"; readonly text: string; readonly over: string };

/**
 * Writes what a check did not pass, and gives the path: a text as a golden case, whose expectation UPDATE_GOLDEN=1 writes once it is
 * right; bytes as they are; what is more than one text, or no text that UTF-8 can write, as JSON.
 */
export function keep(input: Input, folder: string): string {
  const [content, end] = written(input);
  const name = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const file = join(folder, `${name}${end}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** All that was kept, in the order of the names. */
export function kept(folder: string): readonly { readonly file: string; readonly input: Input }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const file = join(folder, name);
      return { file, input: readBack(name, readFileSync(file)) };
    });
}

function written(input: Input): readonly [content: string | Uint8Array, end: string] {
  if (input.kind === "bytes") return [input.bytes, ".bin"];
  const isCase = input.kind === "text" && input.text.isWellFormed() && !/^=== /m.test(input.text);
  return isCase ? [`${input.text}\n=== value\n{}\n`, ".tsk"] : [JSON.stringify(input), ".json"];
}

function readBack(name: string, bytes: Uint8Array): Input {
  if (name.endsWith(".bin")) return { kind: "bytes", bytes };
  const content = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  if (name.endsWith(".json")) return JSON.parse(content);
  // The line end before the mark is not part of the text.
  return { kind: "text", text: content.split(/\n=== (?:value|error|warning)\n/, 1)[0] ?? "" };
}
