// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { nearlyTsk, plainDocument } from "../../../test/support/tsk-arbitrary.ts";
import { Secret } from "../../kernel/index.ts";
import { frame, type Loaded, type LoadOptions, loadDocument, renderDiagnostics } from "../index.ts";
import { limits } from "../syntax/limits.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

function load(files: Files | string, options: Partial<LoadOptions> = {}): Loaded {
  const all: Files = typeof files === "string" ? { "main.tsk": files } : files;
  const readFile = (path: string): string | Uint8Array | undefined =>
    Object.hasOwn(all, path) ? all[path] : undefined;
  return loadDocument({ entry: "main.tsk", readFile, ...options });
}

const codesOf = (loaded: Loaded): string[] => loaded.diagnostics.map((one) => one.code);
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test("every JSON object is a document with the same meaning", () => {
  fc.assert(
    fc.property(plainDocument, fc.constantFrom(undefined, 2), (data, indent) => {
      const text = JSON.stringify(data, undefined, indent);
      const { document, diagnostics } = load(text);
      assert.deepEqual(diagnostics, []);
      assert.deepEqual(plain(document.value), plain(data));
    }),
    { numRuns: 300 },
  );
});

test("loading never throws, whatever stands in the files, the variables and the overrides", () => {
  fc.assert(
    fc.property(nearlyTsk, nearlyTsk, nearlyTsk, (base, overlay, outside) => {
      const loaded = load(
        { "main.tsk": base, "environment/e.tsk": overlay, "main.local.tsk": overlay },
        {
          environment: "e",
          env: { X: outside, [`TUSKER__${outside}`]: outside },
          sets: [outside, `a.b=${outside}`],
        },
      );
      renderDiagnostics(loaded.diagnostics, loaded.document.sources, { colour: true });
      JSON.stringify(loaded.document.value);
    }),
    { numRuns: 400 },
  );
});

test("bytes of any kind give a document or diagnostics", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      assert.equal(typeof load({ "main.tsk": bytes }).document.value, "object");
    }),
  );
});

test("bytes that are not UTF-8 are told from a replacement character that is written", () => {
  assert.deepEqual(codesOf(load({ "main.tsk": new TextEncoder().encode('a: "\ufffd"') })), []);
  const broken = load({ "main.tsk": Uint8Array.of(0x61, 0x3a, 0x20, 0x22, 0xff, 0x22) });
  assert.deepEqual(codesOf(broken), ["TSK_ENCODING"]);
  assert.equal(broken.diagnostics[0]?.column, 5);
});

test("a file of more than 16 MiB is refused before it is decoded", () => {
  const loaded = load({ "main.tsk": new Uint8Array(limits.text + 1) });
  assert.deepEqual(codesOf(loaded), ["TSK_TOO_LARGE"]);
  assert.deepEqual(loaded.document.value, {});
});

test("a base file that does not exist is one diagnostic and an empty document", () => {
  const loaded = load({}, { entry: "dir/fleet.tsk" });
  assert.deepEqual(
    loaded.diagnostics.map((one) => [one.code, one.file]),
    [["TSK_FILE_MISSING", "dir/fleet.tsk"]],
  );
  assert.deepEqual(loaded.document.value, {});
});

test("the layers of a base file are looked for beside it", () => {
  for (const slash of ["/", "\\"]) {
    const asked: string[] = [];
    const readFile = (path: string): string | undefined => {
      asked.push(path);
      return path.endsWith("fleet.tsk")
        ? "services.users: {}"
        : path.includes("environment")
          ? ""
          : undefined;
    };
    loadDocument({ entry: `a${slash}fleet.tsk`, readFile, environment: "prod" });
    assert.deepEqual(asked, [
      `a${slash}fleet.tsk`,
      `a${slash}environment/prod.tsk`,
      `a${slash}config/services/users.tsk`,
      `a${slash}fleet.local.tsk`,
    ]);
  }
});

test("the entry alone is read when that is asked for; @env still works", () => {
  const files = { "main.tsk": 'a: 1\nb: @env("B")', "main.local.tsk": "a: 2" };
  const loaded = load(files, { layers: "entry", env: { TUSKER__A: "3", B: "b" }, sets: ["a=4"] });
  assert.deepEqual(loaded.document.value, { a: 1, b: "b" });
});

test("variables that the environment inherits are not set", () => {
  assert.deepEqual(codesOf(load('a: @env("toString")', { env: {} })), ["TSK_ENV_MISSING"]);
});

test("no text of an environment variable reaches a diagnostic", () => {
  const env = { PORT: "hunter2", TUSKER__A__B: "hunter2", TUSKER__X: "1" };
  const loaded = load('#!tusker 1\np: @env("PORT", 1)\nq: @int(@env("PORT"))\nx: {}\na: nope', {
    env,
    sets: ["!=hunter2"],
  });
  assert.deepEqual(codesOf(loaded), ["TSK_ENV_TYPE", "TSK_TYPE", "TSK_UNKNOWN_NAME", "TSK_OVERRIDE"]);
  assert.ok(!JSON.stringify(loaded.diagnostics).includes("hunter2"));
});

const secretFile = `
key: @env.secure("KEY", "sk_default")
$indirect: @env.secure("OTHER")
header: "Bearer \${$indirect}"
map: { key: key, more: [header] }
chosen: true ? key : "plain"
instead: @secret("env:NONE") /* or */ ?? "sk_instead"
refers: key
`;

test("a secret prints nowhere: not as data, not in origins, not in code frames", () => {
  const loaded = load(
    { "main.tsk": secretFile, "environment/e.tsk": 'key: "sk_overlay"\nrefers: ["sk_list", 5]' },
    {
      environment: "e",
      env: { KEY: "sk_env", OTHER: "sk_other", TUSKER__KEY: "sk_variable" },
      sets: ["key=sk_set"],
    },
  );
  const { document } = loaded;
  const paths = [
    ["key"],
    ["header"],
    ["map", "key"],
    ["map", "more", 0],
    ["chosen"],
    ["instead"],
    ["refers"],
    ["refers", 0],
  ];
  const printed = [
    JSON.stringify(document.value),
    inspect(document.value, { depth: 9 }),
    ...paths.map((path) => JSON.stringify(document.origin(path))),
    ...paths.map((path) => frame(document, { path, code: "X", message: "wrong", part: "value" })),
    frame(document, { path: ["key"], code: "X", message: "wrong", part: "key" }),
  ].join("\n");
  for (const secret of ["sk_default", "sk_overlay", "sk_env", "sk_other", "sk_variable", "sk_set"])
    assert.ok(!printed.includes(secret), secret);
  assert.equal(printed.includes("sk_"), false);
  const { key, header } = document.value;
  assert.ok(key instanceof Secret && header instanceof Secret);
  assert.equal(key.reveal(), "sk_set");
  assert.equal(header.reveal(), "Bearer sk_other");
});

test("the default of a secret is masked even when the call around it is broken", () => {
  const loaded = load(
    `a: @env.secure("K", "sk_one"
b: ~ @env.secure("K", "sk_two")
c: @secret("env:K") ??
  "sk_three" oops
d: @env.secure("K") || 'sk_four' "x"
e: "@env.secure('K', 'sk_five')" oops
`,
  );
  assert.ok(loaded.diagnostics.length > 0);
  const printed = renderDiagnostics(loaded.diagnostics, loaded.document.sources);
  assert.ok(!printed.includes("sk_"), printed);
});

test("a secret is kept through a reference in the same layer and stays a secret when a layer overrides it", () => {
  const files = { "main.tsk": '$t: @env.secure("T", "x")\ntoken: $t', "main.local.tsk": "token: 12345" };
  const { token } = load(files).document.value;
  assert.ok(token instanceof Secret);
  assert.equal(token.reveal(), "12345");
});

test("a document is frozen all the way down", () => {
  const { value } = load("a: { b: [1, { c: 2 }] }").document;
  assert.throws(() => Object.assign(value, { x: 1 }), TypeError);
  assert.throws(() => Object.assign(value.a as object, { x: 1 }), TypeError);
});

test("diagnostics come by layer, then by place, and not more than a thousand", () => {
  const files = { "main.tsk": "a: nope\nb: 1 2", "environment/e.tsk": "c: nada" };
  assert.deepEqual(
    load(files, { environment: "e" }).diagnostics.map((one) => [one.file, one.line]),
    [
      ["main.tsk", 1],
      ["main.tsk", 2],
      ["environment/e.tsk", 1],
    ],
  );
  assert.equal(load("a: 1\n".repeat(3000)).diagnostics.length, limits.allDiagnostics);
});

test("a secret behind twenty thousand references is overridden without a crash", () => {
  const numbers = Array.from({ length: 20_000 }, (_, index) => index);
  const variables = numbers.map((index) => `$v${index + 1}: $v${index}`).join("\n");
  const words = numbers.map((index) => `k${index + 1}: k${index}`).join("\n");
  for (const [text, key] of [
    [`$v0: @env.secure("X", "x")\n${variables}\nk: $v20000`, "k"],
    [`k0: @env.secure("X", "x")\n${words}`, "k20000"],
  ] as const) {
    const { document } = loadDocument({
      ...{ entry: "a.tsk", layers: "all", sets: [`${key}=plain`] },
      readFile: (path) => (path === "a.tsk" ? text : undefined),
    });
    assert.equal(String(document.value[key]), "[secret]");
  }
});

test("a file that is included often says as much each time: together they are bounded, and told once", () => {
  const signs = 30_000;
  const texts: Readonly<Record<string, string>> = {
    "a.tsk": Array.from({ length: 900 }, (_, index) => `k${index}: @import("b.tsk")`).join("\n"),
    "b.tsk": `x: [${"1,".repeat(signs / 2)}]`,
  };
  const before = process.memoryUsage().rss;
  const { diagnostics, document } = loadDocument({
    entry: "a.tsk",
    readFile: (path) => texts[path],
    layers: "entry",
  });
  assert.deepEqual(
    diagnostics.map((one) => `${one.file} ${one.code}`),
    ["b.tsk TSK_TOO_LARGE", "b.tsk TSK_FUEL"],
  );
  assert.equal(Object.keys(document.value).length > 0, true);
  assert.ok(process.memoryUsage().rss - before < 2 ** 30);
});

test("of a file that is refused nothing is said but that, nor of names that may stand in it", () => {
  const texts: Readonly<Record<string, string>> = {
    "a.tsk": "#!tusker 1\n" + "[s]\n".repeat(limits.tokens / 3 + 1),
    "a.local.tsk": "#!tusker 1\nx: name\n",
  };
  const { diagnostics } = loadDocument({ entry: "a.tsk", readFile: (path) => texts[path] });
  assert.deepEqual(
    diagnostics.map((one) => `${one.file}:${one.line} ${one.code}`),
    ["a.tsk:1 TSK_TOO_LARGE"],
  );
});

test("a host that names the file it cannot read is not repeated", () => {
  const told = (words: string): readonly string[] => {
    const readFile = (path: string): string => {
      if (path === "main.tsk") return '@include "x.tsk"\na: @file("x.tsk")\n';
      throw new Error(words);
    };
    return loadDocument({ entry: "main.tsk", readFile, layers: "entry" }).diagnostics.map(
      ({ message }) => message,
    );
  };
  assert.deepEqual(new Set(told("cannot read x.tsk (EACCES)")), new Set(["cannot read x.tsk (EACCES)"]));
  assert.deepEqual(new Set(told("EACCES")), new Set(["x.tsk cannot be read: EACCES"]));
});

test("both marks of a merge may be told, and what stands below is told where it stands", () => {
  const text = "<<<<<<< HEAD\nb:| base\nb: 1\n=======\nb: 3\n>>>>>>> other\nc: @shell\n";
  const { diagnostics } = loadDocument({ entry: "main.tsk", readFile: () => text, layers: "entry" });
  assert.deepEqual(
    diagnostics.filter(({ code }) => code === "TSK_DENIED_OPERATOR").map(({ start, line }) => [start, line]),
    [[text.indexOf("@shell"), 7]],
  );
});

test("a line that has lost its name takes no name from those who cannot see it", () => {
  const codes = (text: string): string[] => codesOf(load(text));
  assert.deepEqual(codes("[a]\nhost: localhost\n[b]\n====\nport: 1\n"), ["TSK_OLD_WORD", "TSK_KEY"]);
  assert.deepEqual(codes("[a]\nhost: localhost\n====\nport: 1\n"), ["TSK_KEY"]);
  assert.deepEqual(codes("====\n[a]\nhost: localhost\n"), ["TSK_KEY"]);
});
