import { existsSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";

/** A file of the dashboard, ready to send. */
export interface Asset {
  readonly type: string;
  readonly body: string;
}

const pages: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  "/": { file: "index.html", type: "text/html; charset=utf-8" },
  "/style.css": { file: "style.css", type: "text/css; charset=utf-8" },
  "/app.js": { file: "app.js", type: "text/javascript; charset=utf-8" },
};

const built = fileURLToPath(new URL("../dashboard/", import.meta.url));
const sources = fileURLToPath(new URL("../../dashboard/", import.meta.url));

/** The dashboard is a few static files: prebuilt in the package, taken from the sources in a checkout. */
export function dashboardFile(path: string): Asset | undefined {
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined) return undefined;
  if (existsSync(built + page.file))
    return { type: page.type, body: readFileSync(built + page.file, "utf8") };
  if (page.file === "app.js")
    return { type: page.type, body: stripTypeScriptTypes(readFileSync(`${sources}app.ts`, "utf8")) };
  return { type: page.type, body: readFileSync(sources + page.file, "utf8") };
}
