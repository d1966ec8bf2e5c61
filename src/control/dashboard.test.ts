import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { dashboardFile, dashboardPaths } from "./dashboard.ts";

const text = (path: string): string => Buffer.from(dashboardFile(path)?.body ?? []).toString();
const header = (path: string, name: string, accept?: string): string | undefined => {
  const { headers = [] } = dashboardFile(path, accept) ?? {};
  return headers[headers.indexOf(name) + 1];
};
const modules = dashboardPaths().filter((path) => path.endsWith(".js"));

test("every file has the type a browser insists on", () => {
  assert.equal(header("/", "Content-Type"), "text/html; charset=utf-8");
  assert.equal(header("/app.js", "Content-Type"), "text/javascript; charset=utf-8");
  assert.equal(header("/style.css", "Content-Type"), "text/css; charset=utf-8");
  assert.equal(header("/icon.svg", "Content-Type"), "image/svg+xml");
});

test("what a file names is served: scripts, styles, imports", () => {
  const page = text("/");
  const named = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? "");
  assert.ok(named.includes("/app.js") && named.includes("/style.css"));
  for (const path of named) assert.ok(dashboardFile(path) !== undefined, `${path}, named by index.html`);
  for (const path of modules) {
    for (const [, name = ""] of text(path).matchAll(/^(?:import|export|\}) .*from "\.(\/[^"]+)"/gm))
      assert.ok(dashboardFile(name) !== undefined, `${name}, imported by ${path}`);
  }
});

test("every style sheet and every module is reached from the page", () => {
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const [, name = ""] of text(path).matchAll(/(?:src|href|from) ?=?"\.?(\/[a-z-]+\.(?:js|css|svg))"/g))
      visit(name);
  };
  visit("/");
  assert.deepEqual(
    dashboardPaths().filter((path) => !reached.has(path)),
    [],
  );
});

test("modules are JavaScript: no types, no TypeScript names, no comments", () => {
  for (const path of modules) {
    const body = text(path);
    assert.doesNotMatch(body, /\.ts"|^import type|^interface |^type |^\s*\/\//m, path);
    assert.doesNotThrow(() => new Function(body.replaceAll(/^(?:import .*|export )/gm, "")), path);
  }
});

test("no template stands over several lines, because empty lines are taken out", () => {
  for (const path of modules) {
    const source = readFileSync(
      new URL(`../../dashboard${path.replace(/js$/, "ts")}`, import.meta.url),
      "utf8",
    );
    for (const line of source.split("\n"))
      assert.equal((line.match(/`/g)?.length ?? 0) % 2, 0, `${path}: ${line}`);
  }
});

test("the page holds nothing its policy forbids: no inline script, style or handler", () => {
  assert.doesNotMatch(text("/"), /<style|style=|<script(?![^>]* src=)| on[a-z]+=|https?:/);
  for (const path of modules)
    assert.doesNotMatch(text(path), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/, path);
});

test("all of it together stays below 40 KB on the wire", () => {
  const bytes = dashboardPaths().reduce(
    (sum, path) => sum + (dashboardFile(path, "gzip")?.body.length ?? 0),
    0,
  );
  assert.ok(bytes < 40 * 1024, `${bytes} bytes`);
});

test("gzip is sent to who takes it and says the same", () => {
  const asset = dashboardFile("/app.js", "br;q=1.0, gzip, deflate");
  assert.deepEqual(asset?.headers.slice(2), ["Vary", "Accept-Encoding", "Content-Encoding", "gzip"]);
  assert.equal(gunzipSync(asset?.body ?? new Uint8Array()).toString(), text("/app.js"));
  for (const accept of ["", "identity", "gzip;q=0", "gzip; q=0.0, br"])
    assert.equal(dashboardFile("/app.js", accept)?.headers.includes("Content-Encoding"), false, accept);
  assert.ok(dashboardFile("/app.js", "gzip;q=0.5")?.headers.includes("Content-Encoding"));
});

test("a second visit gets the same bytes without reading again", () => {
  assert.equal(dashboardFile("/app.js")?.body, dashboardFile("/app.js")?.body);
});

test("nothing but the dashboard can be asked for", () => {
  for (const path of [
    "/tsconfig.json",
    "/layout.test.js",
    "/../package.json",
    "/app.ts",
    "/index.html",
    "//",
    "/a/b.js",
  ])
    assert.equal(dashboardFile(path), undefined, path);
  const known = new Set(dashboardPaths());
  fc.assert(
    fc.property(
      fc.string().map((name) => `/${name}`),
      (path) => known.has(path) || dashboardFile(path) === undefined,
    ),
  );
});

test("colours are readable in both schemes (WCAG 2.2 §1.4.3, §1.4.11)", () => {
  const tokens = tokensOf(text("/style.css"));
  const grounds = ["--card", "--page", "--sunk", "--chosen"];
  const texts = ["--ink", "--soft", "--accent", "--good", "--busy", "--warn", "--bad"];
  const tones = [...tokens.keys()].filter((name) => name.startsWith("tone-"));
  assert.equal(tones.length, 8);
  for (const scheme of [0, 1] as const) {
    const at = (name: string): string => tokens.get(name)?.[scheme] ?? "";
    for (const ground of grounds)
      for (const word of texts) {
        const found = contrast(at(word), at(ground));
        assert.ok(found >= 4.5, `${word} on ${ground}: ${found.toFixed(2)} (scheme ${scheme})`);
      }
    assert.ok(contrast(at("--bad"), at("--bad-back")) >= 4.5);
    assert.ok(contrast(at("--edge"), at("--card")) >= 3);
    for (const tone of tones)
      assert.ok(contrast(at(tone), at("--card")) >= 4.5, `${tone} (scheme ${scheme})`);
  }
});

/** The colours of style.css, light and dark. */
function tokensOf(css: string): ReadonlyMap<string, readonly [string, string]> {
  const found = new Map<string, readonly [string, string]>();
  const rule = /(?:\.(tone-\d) \{\s*--tone|(--[a-z-]+)): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g;
  for (const [, tone, token, light = "", dark = ""] of css.matchAll(rule))
    found.set(tone ?? token ?? "", [light, dark]);
  return found;
}

/** WCAG 2.2, "contrast ratio". */
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

/** WCAG 2.2, "relative luminance". */
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
