import { readdirSync, readFileSync, statSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { HeaderList } from "../net/index.ts";

/** A file of the dashboard, ready to send. */
export interface Asset {
  /** Content-Type, and Content-Encoding where there is one. */
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

const built = fileURLToPath(new URL("../dashboard/", import.meta.url));
const sources = fileURLToPath(new URL("../../dashboard/", import.meta.url));
const inCheckout = import.meta.url.endsWith(".ts");

interface Kept {
  readonly modified: number;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
}

const cache = new Map<string, Kept>();

/**
 * The dashboard is a few static files: prebuilt in the package, taken from the sources in a checkout, where a change
 * shows with the next visit.
 *
 * @param accept the request's Accept-Encoding
 * @returns undefined for a path that is no file of the dashboard
 */
export function dashboardFile(path: string, accept: string = ""): Asset | undefined {
  // Names without dots and slashes: nothing outside the folder, and no test, can be asked for.
  const [, name = "index", ending = "html"] = /^\/(?:([a-z][a-z-]*)\.(css|js|svg))?$/.exec(path) ?? [
    "",
    "",
    "",
  ];
  const type = types[ending];
  if (type === undefined) return undefined;
  const file = inCheckout ? `${sources}${name}.${ending.replace("js", "ts")}` : `${built}${name}.${ending}`;
  const kept = keep(path, file);
  if (kept === undefined) return undefined;
  const headers = ["Content-Type", type, "Vary", "Accept-Encoding"];
  // RFC 9110 §12.5.3: a weight of 0 means "not this one".
  if (!/\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(accept)) return { headers, body: kept.plain };
  return { headers: [...headers, "Content-Encoding", "gzip"], body: kept.gzipped };
}

/** Read once, and again only when the file was changed. */
function keep(path: string, file: string): Kept | undefined {
  const modified = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  const known = cache.get(path);
  if (modified === undefined || known?.modified === modified) return known;
  const text = readFileSync(file, "utf8");
  const plain = Buffer.from(file.endsWith(".ts") ? browserModule(text) : text);
  const kept = { modified, plain, gzipped: gzipSync(plain, { level: 9 }) };
  cache.set(path, kept);
  return kept;
}

/** Every file of the dashboard as the browser asks for it, from the sources: what the build writes beside the code. */
export function dashboardPaths(): readonly string[] {
  return readdirSync(sources)
    .filter((file) => /^[a-z-]+\.(css|ts|svg)$/.test(file))
    .map((file) => `/${file.replace(/ts$/, "js")}`)
    .filter((path) => (dashboardFile(path)?.body.length ?? 0) > 1) // Of modules of types alone nothing is left.
    .concat("/");
}

/**
 * TypeScript as a browser takes it: types and comments taken out, modules named as they are served. Only whole lines
 * go; the sources hold no template over several lines, and src/control/dashboard.test.ts sees to it.
 */
function browserModule(source: string): string {
  return withoutWarning(() => stripTypeScriptTypes(source))
    .replaceAll(/^((?:import|export|\}) .*from "\.\/[a-z-]+)\.ts";$/gm, '$1.js";')
    .replaceAll(/^[ \t]*(?:\/\*\*[\s\S]*?\*\/|\/\/.*)$/gm, "")
    .replaceAll(/[ \t]+$/gm, "")
    .replaceAll(/\n{2,}/g, "\n");
}

/** Node still calls the function that it runs our own sources with experimental, on the operator's terminal. */
function withoutWarning<Result>(run: () => Result): Result {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return run();
  } finally {
    process.emitWarning = emitWarning;
  }
}
