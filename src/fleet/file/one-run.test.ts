import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { slipsIn } from "../../../test/support/slips/slip.ts";
import { type LoadedFleet, loadFleet } from "./load.ts";

const shop = resolve(import.meta.dirname, "../../../examples/shop");
const text = readFileSync(join(shop, "tusker.tsk"), "utf8");
const seed = Number(process.env.TUSKER_TEST_SEED ?? "1");

function load(source: string, more: Readonly<Record<string, string>> = {}): LoadedFleet {
  const files = new Map(Object.entries({ "tusker.tsk": source, "environment/development.tsk": "", ...more }));
  const readFile = (path: string): string | undefined => files.get(path.slice(shop.length + 1));
  const list = (folder: string): readonly string[] =>
    [...files.keys()].flatMap((path) => join(shop, path).split(`${resolve(folder)}/`)[1] ?? []);
  const absolute = (path: string): string => resolve(path);
  return loadFleet(join(shop, "tusker.tsk"), {
    env: {},
    files: { readFile: (path) => readFile(absolute(path)), list },
  });
}

/** What is told of a text, as "line:column CODE". */
function told(source: string, more?: Readonly<Record<string, string>>): readonly string[] {
  return load(source, more).diagnostics.map(
    ({ file, line, column, code }) =>
      `${file.endsWith("tusker.tsk") ? "" : `${file.split("/").at(-1)}:`}${line}:${column} ${code}`,
  );
}

function changed(...changes: readonly (readonly [string, string])[]): string {
  let now = text;
  for (const [from, to] of changes) {
    assert.ok(now.includes(from), from);
    now = now.replace(from, to);
  }
  return now;
}

test("a line that cannot be read, an unknown key and a route to nobody are three problems of one run", () => {
  const source = changed(
    ["port: 8081", "port 8081"],
    ['strip_prefix: "/api"', 'strip_prefx: "/api"'],
    ['{ service: "payment-service", method', '{ service: "nobody", method'],
  );
  assert.deepEqual(told(source), [
    "16:3 TSK_EXPECTED",
    "42:1 FLEET_UNKNOWN_KEY",
    "52:31 FLEET_UNKNOWN_SERVICE",
  ]);
});

test("beside a bracket that never closes, the blocks that stand for themselves are judged", () => {
  const source = changed(
    [
      '  dependencies: ["database"]\n  config: { database: { host',
      '  dependencies: ["database"\n  config: { database: { host',
    ],
    ["port: 8082", "port: true"],
    ["port: 9090", 'port: "x"'],
  );
  const codes = load(source).diagnostics.map((one) => `${one.line} ${one.code}`);
  assert.deepEqual(codes, ["18 TSK_UNCLOSED", "24 FLEET_INVALID", "56 FLEET_INVALID"]);
});

test("what stood behind a brace that is missing is not told as a key of the block before", () => {
  const source = changed(['"payment-service"]\n}\n', '"payment-service"]\n'], ["port: 8080", "prt: 8080"]);
  assert.deepEqual(told(source), ["21:16 TSK_UNCLOSED", "39:1 FLEET_UNKNOWN_KEY"]);
});

test("keys below a header that cannot be read are not told as those of the section before", () => {
  const source = changed(["[gateway]", "[gateway"], ["port: 9090", 'port: "x"']);
  assert.deepEqual(told(source), ["39:1 TSK_UNCLOSED", "56:7 FLEET_INVALID"]);
  assert.deepEqual(told(changed(["[services]", "services]"])), ["12:1 TSK_EXPECTED"]);
});

test("a service of which the header is broken is not missed by those who name it", () => {
  assert.deepEqual(told(changed(["user-service: {\n", "user service: {\n"])).length, 1);
});

test("a key that stands on a line that cannot be read is not called missing; one that is nowhere is", () => {
  const lost = changed(['run: "node services/user.ts"\n  port: 8081', "run \n  port 8081"]);
  assert.deepEqual(
    load(lost).diagnostics.map((one) => one.code.split("_")[0]),
    ["TSK", "TSK"],
  );
  const nowhere = changed(['run: "node services/user.ts"\n  port: 8081\n', ""], ["port: 8082", "port 8082"]);
  assert.deepEqual(
    load(nowhere).diagnostics.map((one) => `${one.line} ${one.code}`),
    ["13 FLEET_REQUIRED", "22 TSK_EXPECTED"],
  );
});

test("beside a value that cannot be had, the rest is judged", () => {
  const source = changed(["port: 8081", 'port: @env("PORT_OF_USERS")'], ["port: 8082", "port: true"]);
  assert.deepEqual(told(source), ["16:9 TSK_ENV_MISSING", "24:9 FLEET_INVALID"]);
});

test("behind a file that is not there anything may stand; what is there is judged", () => {
  const source = changed(
    ["[services]", '@include "more.tsk"\n[services]'],
    ['{ service: "payment-service", method', '{ service: "nobody", method'],
    ["port: 9090", 'port: "x"'],
  );
  assert.deepEqual(told(source), ["12:1 TSK_FILE_MISSING", "57:7 FLEET_INVALID"]);
});

test("a layer that cannot be read may say otherwise", () => {
  const source = changed(["port: 8082", "port: true"], ["port: 9090", 'port: "x"']);
  const environment = "[services]\norder-service: { port 8082 }\n[tracing]\nenabld: true\n";
  assert.deepEqual(told(source, { "environment/development.tsk": environment }), [
    "56:7 FLEET_INVALID",
    "development.tsk:2:18 TSK_EXPECTED",
    "development.tsk:4:1 FLEET_UNKNOWN_KEY",
  ]);
});

/** Mistakes that have nothing to do with the blocks below, and what is told of them. */
const known = changed(
  ['"/api/orders/{id}": { service: "order-service"', '"/api/orders/{id}": { service: "nobody"'],
  ["port: 8080", "port: true"],
  ["max_connections", "max_conections"],
  ["enabled: true\nport: 9090", "enabled: maybe\nport: 9090"],
  ['registry_url: "http', 'registry_url: "ttp'],
);
const blocks = [
  /user-service: \{.*?\n\}\n/s,
  /payment-service: \{.*?\n\}\n/s,
  /\[api_communication\]\n.*?\n\n/s,
  /\[tracing\]\n.*$/s,
].map((block) => block.exec(known)?.[0] ?? "");

test(`a slip of the hand hides nothing that is wrong elsewhere (seed ${seed})`, () => {
  const before = load(known).diagnostics.map((one) => one.message);
  assert.equal(before.length, 5);
  for (const { of, what, text: slipped } of slipsIn(blocks, 300, seed, "blocks")) {
    const source = known.replace(of, () => slipped);
    const { diagnostics } = load(source);
    const list = diagnostics.map((one) => `${one.line}:${one.column} ${one.code} ${one.message}`).join("\n");
    const more = diagnostics.filter((one) => !before.includes(one.message));
    assert.equal(diagnostics.length - more.length, before.length, `${what}\n${list}`);
    assert.ok(more.length <= 1, `${what}\n${list}`);
  }
});

test(`slips in two blocks are told as if each were alone (seed ${seed})`, () => {
  const [one = "", , , other = ""] = blocks;
  const [first, second] = [
    [...slipsIn([one], 150, seed, "blocks")],
    [...slipsIn([other], 150, seed + 1, "blocks")],
  ];
  const count = (source: string): number => load(source).diagnostics.length;
  for (const [index, a] of first.entries()) {
    const b = second[index];
    assert.ok(b !== undefined);
    const [withA, withB] = [text.replace(one, () => a.text), text.replace(other, () => b.text)];
    const both = withA.replace(other, () => b.text);
    const of = (source: string): string =>
      load(source)
        .diagnostics.map(({ line, code }) => `${line} ${code}`)
        .join();
    const list = [withA, withB, both].map(of).join("\n");
    assert.equal(count(both), count(withA) + count(withB), `${a.what}\n${b.what}\n${list}\n${both}`);
  }
});
