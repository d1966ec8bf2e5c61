import { readdirSync, readFileSync, statSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** A file of the dashboard, ready to send. */
export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  /** The same, gzipped. */
  readonly gzipped: Buffer;
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

const cache = new Map<string, { readonly modified: number; readonly asset: Asset }>();

/**
 * The dashboard is a few static files: prebuilt in the package, taken from the sources in a checkout, where a change
 * shows with the next visit.
 *
 * @returns undefined for a path that is no file of the dashboard
 */
export function dashboardFile(path: string): Asset | undefined {
  // Names without dots and slashes: nothing outside the folder, and no test, can be asked for.
  const [, name = "index", ending = "html"] = /^\/(?:([a-z][a-z-]*)\.(css|js|svg))?$/.exec(path) ?? [
    "",
    "",
    "",
  ];
  const type = types[ending];
  if (type === undefined) return undefined;
  const file = inCheckout ? `${sources}${name}.${ending.replace("js", "ts")}` : `${built}${name}.${ending}`;
  const modified = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (modified === undefined) return undefined;
  const known = cache.get(path);
  if (known?.modified === modified) return known.asset;
  const text = readFileSync(file, "utf8");
  const body = Buffer.from(file.endsWith(".ts") ? browserModule(text) : text);
  const asset = { type, body, gzipped: gzipSync(body, { level: 9 }) };
  cache.set(path, { modified, asset });
  return asset;
}

/** Every file of the dashboard as the browser asks for it, from the sources: what the build writes beside the code. */
export function dashboardPaths(): readonly string[] {
  return readdirSync(sources)
    .filter((file) => /^[a-z-]+\.(css|ts|svg)$/.test(file))
    .map((file) => `/${file.replace(/ts$/, "js")}`)
    .concat("/");
}

/** TypeScript as a browser takes it: types taken out, modules named as they are served. */
function browserModule(source: string): string {
  return withoutWarning(() => stripTypeScriptTypes(source))
    .replaceAll(/^((?:import|export|\}) .*from "\.\/[a-z-]+)\.ts";$/gm, '$1.js";')
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
