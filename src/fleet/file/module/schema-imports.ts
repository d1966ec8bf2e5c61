import { readFileSync, statSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";

/**
 * A module and all it imports by a relative path, and those by theirs: on whose change it may judge otherwise. Files that are not
 * there too, they may come. Packages are not among them: they change with an installation.
 */
export function importedFiles(module: string): readonly string[] {
  const files = new Set([module]);
  // A set gives what is added while one goes through it.
  for (const file of files) {
    if (files.size > mostFiles) break;
    for (const one of read(file)?.imports ?? []) files.add(one);
  }
  return [...files];
}

/** What tells one state of a module, and of all it imports, from another. */
export function versionOf(module: string): string {
  return importedFiles(module)
    .map((file) => read(file)?.stamp ?? "")
    .join(" ");
}

/** How many files are looked at of a module that imports the world. */
const mostFiles = 1000;

interface Known {
  readonly stamp: string;
  readonly imports: readonly string[];
}

/** By path; a fleet of a thousand services may name one schema. */
const known = new Map<string, Known>();

function read(file: string): Known | undefined {
  try {
    const { mtimeNs, ctimeNs, size, ino } = statSync(file, { bigint: true });
    const stamp = `${mtimeNs}:${ctimeNs}:${size}:${ino}`;
    const before = known.get(file);
    if (before?.stamp === stamp) return before;
    const found = { stamp, imports: importsIn(readFileSync(file, "utf8"), dirname(file)) };
    known.set(file, found);
    return found;
  } catch {
    return undefined;
  }
}

/** Paths behind `from`, `import` and `require`, in code or in a comment: one too many is watched for nothing. */
const specifier = /\b(?:from|import|require)\s*\(?\s*(["'])(\.{1,2}\/[^"'\n]{1,1000})\1/g;

function importsIn(text: string, folder: string): readonly string[] {
  return [...text.matchAll(specifier)].flatMap(([, , written = ""]) => {
    const path = resolve(folder, written);
    // CommonJS may leave the extension out.
    return extname(path) === "" ? [path, `${path}.js`, `${path}.json`, `${path}/index.js`] : [path];
  });
}
