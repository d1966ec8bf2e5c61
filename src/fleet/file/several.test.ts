import assert from "node:assert/strict";
import { test } from "node:test";
import { correctTexts } from "../../../test/support/slips/judge.ts";
import { largeTexts } from "../../../test/support/slips/large.ts";
import { severalIn } from "../../../test/support/slips/several.ts";

const texts = correctTexts();
const seed = Number(process.env.TUSKER_TEST_SEED ?? "1");

/** What is told of an example with changes to it, as "line:column CODE". */
function told(name: string, ...changes: readonly (readonly [string, string])[]): readonly string[] {
  const judged = texts.find((one) => one.name.endsWith(name));
  assert.ok(judged, name);
  let text = judged.text;
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), from);
    text = text.replace(from, () => to);
  }
  return judged.judge(text).map(({ line, column, code }) => `${line}:${column} ${code}`);
}

test("a path without its first quote hides no line below it", () => {
  const changes = [
    ['"/api/orders/*": {', '"/api/orders/*: {'],
    ["[api_communication]", "[api_commun"],
  ] as const;
  assert.deepEqual(told("shop/tusker.tsk", ...changes), ["50:74 TSK_STRING_OPEN", "63:1 TSK_UNCLOSED"]);
});

test("a name that no service can have is wrong, whatever is lost", () => {
  const found = told(
    "shop/tusker.tsk",
    ["order-service: {", "order—service: {"],
    ['service: "order-service", method: "POST"', 'service: "order–service", method: "POST"'],
  );
  assert.deepEqual(found, ["21:6 TSK_CHARACTER", "50:29 FLEET_UNKNOWN_SERVICE"]);
});

test("the name of the block around a line that is lost is not lost", () => {
  const found = told(
    "shop/tusker.tsk",
    ["user-service: {", "user-servcie: {"],
    ['run: "node services/order.ts"', 'run:: "node services/order.ts"'],
  );
  assert.deepEqual(found, ["23:7 TSK_UNQUOTED", "25:18 FLEET_UNKNOWN_SERVICE"]);
});

test("without any indentation a key with its value opens nothing", () => {
  const found = told(
    "tracing.tsk",
    ["export_traces: true", "export_traces- true"],
    ['traces"\nzipkin', 'traces"\n}\nzipkin'],
  );
  assert.deepEqual(found, ["5:1 TSK_EXPECTED", "7:1 TSK_ORPHAN"]);
});

test("of two mistakes in neighbouring blocks each is told once, however many problems it makes", () => {
  const found = told(
    "gateway-and-routes.tsk",
    ['"/api/orders/*": {', '"/api/orders/*: {'],
    ['  method: "POST",\n  timeout: "30s"', 'TODO add the limits\n  method: "POST",\n  timeout: "30s"'],
  );
  assert.deepEqual(found, ["17:1 TSK_STRING_OPEN", "19:1 TSK_EXPECTED"]);
});

test("an entry behind a header on its line is read", () => {
  const found = told("rate-limit.tsk", ["[routes]\n", "[routes]"], ['window: "1m"', 'window: "1m""1m"']);
  assert.deepEqual(found, ["20:9 TSK_SECTION", "24:38 TSK_UNQUOTED"]);
});

test("a section without its name is judged as the one that its keys show", () => {
  const found = told("grpc.tsk", ["[grpc]", "[]"], ["max_concurrent_streams", "max_cnocurrent_streams"]);
  assert.deepEqual(found, ["1:2 TSK_KEY", "4:1 FLEET_UNKNOWN_KEY"]);
});

test("a header that is missing explains the keys of its section though another one is wrong", () => {
  const found = told(
    "api-communication.tsk",
    ["[api_communication]\n", ""],
    ["circuit_breaker_enabled: true", "circuit_breaker_enabled: tru"],
  );
  assert.deepEqual(found, ["1:1 FLEET_UNKNOWN_KEY", "4:26 FLEET_INVALID"]);
});

test("the first side of a merge is read, so that what stands around it is judged", () => {
  const found = told(
    "services-as-json.tsk",
    [
      '"database": "users" } }\n    }',
      '"database": "users" } }\n<<<<<<< HEAD\n    }\n=======\n    }\n>>>>>>> x',
    ],
    ['"user-service"', '"user_service"'],
  );
  assert.deepEqual(found, ["3:5 FLEET_INVALID", "9:1 TSK_MERGE"]);
});

test("a brace too many is no part of a comma that is missing elsewhere", () => {
  const found = told(
    "services-as-json.tsk",
    ['"localhost", "port"', '"localhost" "port"'],
    ["  }\n}", "  }\n}\n}"],
  );
  assert.deepEqual(found, ["8:53 TSK_SEPARATOR", "12:1 TSK_ORPHAN"]);
});

test("a document of JSON without its first brace is judged", () => {
  const found = told("services-as-json.tsk", ["{\n", "\n"], ['"health_endpoint"', '"health_endopint"']);
  assert.deepEqual(found, ["6:7 FLEET_UNKNOWN_KEY", "11:1 TSK_ORPHAN"]);
});

test("without indentation a block is judged though the line that opens or closes it is wrong", () => {
  const twice = ['method: "POST",\n', 'method: "POST",\nmethod: "POST",\n'] as const;
  const flat = "gateway-and-routes-flattened.tsk";
  assert.deepEqual(told(flat, ['"/api/orders/*": {', "“/api/orders/*”: {"], twice), [
    "10:1 TSK_CHARACTER",
    "13:1 TSK_DUPLICATE",
  ]);
  assert.deepEqual(told(flat, ["retries: 2\n}", "retries: 2"], twice), [
    "10:18 TSK_UNCLOSED",
    "13:1 TSK_DUPLICATE",
  ]);
  assert.deepEqual(told(flat, ["retries: 2\n}", "retries: 2\n}]"], twice), [
    "13:1 TSK_DUPLICATE",
    "16:2 TSK_ORPHAN",
  ]);
});

test("a brace too many is told where it stands, and one that is missing beside it", () => {
  const found = told(
    "shop/tusker.tsk",
    ['database: "users" } }\n', 'database: "users" } } }\n'],
    ['database: "payments" }\n  }', 'database: "payments" }'],
  );
  assert.deepEqual(found, ["19:78 TSK_ORPHAN", "32:11 TSK_UNCLOSED"]);
});

test("a line that is lost in one service explains no name in another", () => {
  const found = told(
    "shop/tusker.tsk",
    ['dependencies: ["user-service", "payment-service"]', 'dependencies: ["user-service" "payment-service"]'],
    ['{ service: "user-service"', '{ service: "usre-service"'],
  );
  assert.deepEqual(found, ["25:33 TSK_SEPARATOR", "49:28 FLEET_UNKNOWN_SERVICE"]);
});

test("two headers that are misspelt are two, whatever is wrong with a third", () => {
  const found = told(
    "shop/tusker.tsk",
    ["[service_discovery]", "[service-discovery]"],
    ["[gateway]", "[gateway"],
    ["[tracing]", "[traceing]"],
  );
  assert.deepEqual(found, ["7:2 FLEET_UNKNOWN_KEY", "39:1 TSK_UNCLOSED", "71:2 FLEET_UNKNOWN_KEY"]);
});

test(`of six mistakes in a file of hundreds of lines most are told in one run, and all in few (seed ${seed})`, () => {
  const files = [...severalIn(largeTexts(1, seed), 3, 6, seed)];
  const all = files.reduce((sum, one) => sum + one.told, 0);
  assert.ok(all >= 15, `${all} of 18`);
  assert.ok(
    files.every(({ runs }) => runs <= 3),
    files.map(({ runs }) => runs).join(),
  );
});
