// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deepFreeze } from "../../kernel/index.ts";
import type { Document } from "../../tsk/index.ts";
import { judge } from "./judge.ts";
import { type LoadedFleet, loadFleet } from "./load.ts";
import { fleetSchema } from "./schema.ts";

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

/** A map in which some keys are written, most of them as they should be. */
function some(keys: Readonly<Record<string, readonly unknown[]>>): fc.Arbitrary<Record<string, unknown>> {
  const values = Object.entries(keys).map(([key, [first, ...others]]) => {
    const value = fc.oneof({ arbitrary: fc.constant(first), weight: 4 }, fc.constantFrom(first, ...others));
    return [key, fc.option(value, { nil: absent, freq: 2 })] as const;
  });
  return fc
    .record(Object.fromEntries(values))
    .map((map) => Object.fromEntries(Object.entries(map).filter(([, value]) => value !== absent)));
}

const absent = Symbol("absent");

const service = some({
  version: ["1.0", 1],
  id: ["a", ""],
  run: ["node a.ts", ""],
  port: [80, 0, 70_000, "80", 1.5],
  health_endpoint: ["/health", "health"],
  dependencies: [["a"], [], [1], "a"],
  tags: [["a"], ["_"]],
  instances: [2, 0, 65],
  env: [{ A: "b" }, "b"],
  config: [{ a: { b: 1 } }, {}, [], "x"],
  required: [["a.b"]],
  envelope: [true, "yes"],
});

const route = some({
  service: ["a", ""],
  services: [{ a: 1, b: 2 }, { a: 0 }],
  answer: [{ status: 204 }, { status: 99 }],
  method: ["GET", ["GET", "POST"], "get", []],
  host: ["a.example", "*.example", "A"],
  headers: [{ "x-a": "*" }, { "x-a": "~(" }, { "x-a": 1 }],
  query: [{ a: "b" }],
  timeout: ["5s", "0s", "soon"],
  try_timeout: ["1s", "9s"],
  retries: [3, 11],
  auth: [["key"], []],
  scopes: [["read"]],
  priority: ["high", "none"],
  fault: [{ abort: 500 }, {}],
});

const document = fc.record({
  services: fc.dictionary(
    fc.constantFrom("a", "b", "c-1", "B", "__proto__"),
    fc.oneof({ arbitrary: service, weight: 9 }, fc.constantFrom("a-001:8080", "a", 5, { unknown: 1 })),
    { maxKeys: 3 },
  ),
  routes: fc.dictionary(
    fc.constantFrom("/a", "/a/{id}", "/a/{x}", "/a/*", "/b/ü", "a", "/a*b", "/"),
    fc.oneof(
      { arbitrary: route, weight: 9 },
      { arbitrary: fc.array(route, { maxLength: 2 }), weight: 3 },
      fc.constantFrom<unknown>(5, { service: "a", unknown: 1 }),
    ),
    { maxKeys: 3 },
  ),
  gateway: fc.constantFrom<object>({}, { port: 8080 }, { port: "x" }),
});

test("whatever is written is judged as the schemas judge it, word for word", () => {
  let right = 0;
  const words = (issues: readonly { path: readonly PropertyKey[]; message: string }[] = []): string[] =>
    issues.map(({ path, message }) => `${path.map(String).join(".")} ${message}`).sort();
  fc.assert(
    fc.property(document, (written) => {
      const value = deepFreeze(written);
      const { sections, issues } = judge(value);
      const { success, data, error } = fleetSchema.safeParse(value);
      assert.deepEqual(words(issues), words(error?.issues));
      if (!success) return assert.equal(sections, undefined);
      assert.deepEqual(sections, data);
      right++;
    }),
    { numRuns: 1500 },
  );
  assert.ok(right > 40, `${right} of them were right: the property says little`);
});
