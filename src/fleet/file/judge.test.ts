// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Document } from "../../tsk/index.ts";
import { type LoadedFleet, loadFleet } from "./load.ts";

const services = Array.from(
  { length: 5 },
  (_, index) => `user-${index}: {
  version: "1.${index}"
  port: ${8100 + index}
  dependencies: [${index === 0 ? "" : `"user-${index - 1}"`}]
  config: { greeting: "in \${$region}", token: @env.secure("TOKEN", "none"), pool: gateway.port }
}
`,
).join("");
const text = `$region: "eu"\n[services]\n${services}[gateway]\nport: 8080\n[routes]\n"/a": { service: "user-1" }\n`;

function load(source: string, before?: LoadedFleet): LoadedFleet {
  const readFile = (path: string): string | undefined => (path.endsWith("tusker.tsk") ? source : undefined);
  const files = { readFile, list: () => [] };
  return loadFleet("/nowhere/tusker.tsk", { env: { TOKEN: "s3cret" }, files, before });
}

/** All that a fleet says, with the place of every value. */
function told({ document, diagnostics, settings }: LoadedFleet): unknown {
  return { value: document.value, places: places(document), diagnostics, settings };
}

function places(document: Document): readonly unknown[] {
  const found: unknown[] = [];
  const walk = (value: unknown, path: readonly PropertyKey[]): void => {
    found.push([path, document.origin(path)]);
    const inner: readonly PropertyKey[] = Array.isArray(value) ? [...value.keys()] : document.keys(path);
    for (const key of inner) walk(Reflect.get(Object(value), key), [...path, key]);
  };
  walk(document.value, []);
  return found;
}

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.integer({ min: 0, max: 9 }),
  put: fc.constantFrom(
    "",
    "",
    "x",
    "8",
    "{",
    "}",
    '"',
    "\n",
    ": 1",
    "# ",
    "[gateway]\n",
    "user-9: { port: 1 }\n",
  ),
});

test("a fleet that was changed again and again is judged as if it were new", () => {
  assert.deepEqual(
    load(text).diagnostics.map((one) => one.message),
    [],
  );
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let now = text;
      let loaded = load(now);
      for (const { at, cut, put } of edits) {
        const from = Math.round(at * now.length);
        now = now.slice(0, from) + put + now.slice(from + cut);
        loaded = load(now, loaded);
        assert.deepEqual(told(loaded), told(load(now)), JSON.stringify(now));
      }
    }),
    { numRuns: 40 },
  );
});

test("a service of which the same is written is not judged again, wherever it stands now", () => {
  const before = load(text);
  const after = load(`# a line more\n${text.replace("port: 8102", "port: 8202")}`, before);
  const same = (name: string): boolean =>
    before.judgement?.services.get(name) === after.judgement?.services.get(name);
  assert.deepEqual(["user-0", "user-1", "user-2", "user-3"].map(same), [true, true, false, true]);
  assert.equal(after.settings?.services[2]?.port, 8202);
});

test("what one wrong service hides is not judged again either", () => {
  const wrong = text.replace("port: 8101", "port: true");
  const before = load(wrong);
  assert.equal(before.settings, undefined);
  assert.equal(before.judgement?.services.size, 4);
  assert.deepEqual(told(load(text, before)), told(load(text)));
});
