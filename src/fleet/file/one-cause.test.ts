import assert from "node:assert/strict";
import { basename, resolve } from "node:path";
import { test } from "node:test";
import { asFleet, correctTexts, type Judged } from "../../../test/support/slips/judge.ts";
import { slipsIn } from "../../../test/support/slips/slip.ts";
import { loadFleet } from "./load.ts";

const texts = correctTexts();
const seed = Number(process.env.TUSKER_TEST_SEED ?? "1");

function textOf(end: string): Judged {
  const found = texts.find(({ name }) => name.endsWith(end));
  assert.ok(found !== undefined, end);
  return found;
}

/** What is told of a text after a change, as "line:column CODE", with the places that belong to it. */
function told(name: string, from: string, to: string): readonly string[] {
  const { text, judge } = textOf(name);
  assert.ok(text.includes(from), from);
  return judge(text.replace(from, to)).map(
    ({ line, column, code, related = [] }) =>
      `${line}:${column} ${code}${related.map((one) => ` ${one.line}:${one.column}`).join("")}`,
  );
}

test("nothing is wrong with the texts", () => {
  for (const { name, text, judge } of texts) assert.deepEqual(judge(text), [], name);
  assert.ok(texts.length >= 13, `${texts.length}`);
});

test(`a slip of the hand gives one diagnostic, whatever it is (seed ${seed})`, () => {
  const judges = new Map(texts.map(({ text, judge }) => [text, judge]));
  let wrong = 0;
  for (const { of, what, text } of slipsIn([...judges.keys()], 600, seed)) {
    const found = judges.get(of)?.(text) ?? [];
    if (found.length > 0) wrong++;
    const list = found.map((one) => `${one.line}:${one.column} ${one.code} ${one.message}`);
    assert.ok(found.length <= 1, `${what}\n${list.join("\n")}\n${text}`);
  }
  assert.ok(wrong > 250, `${wrong}`);
});

test("a service that is not there is told where it is named first, with the other places", () => {
  assert.deepEqual(told("shop/tusker.tsk", "payment-service: {", "payments: {"), [
    "25:34 FLEET_UNKNOWN_SERVICE 52:31",
  ]);
});

test("a key written wrong is told, and not that it is missing", () => {
  assert.deepEqual(told("shop/tusker.tsk", '{ service: "user', '{ servce: "user'), [
    "49:19 FLEET_UNKNOWN_KEY 49:1",
  ]);
  assert.deepEqual(told("retry-budget.tsk", "run:", "rn:"), ["10:10 FLEET_UNKNOWN_KEY 10:1"]);
});

test("a section written wrong is told, and not what it should have held", () => {
  const [found, ...more] = told("shop/tusker.tsk", "[services]", "[servces]");
  assert.match(found ?? "", /^12:2 FLEET_UNKNOWN_KEY/);
  assert.deepEqual(more, []);
});

test("a header left out is told at the first of its keys", () => {
  const { text, judge } = textOf("shop/tusker.tsk");
  const [found, ...more] = judge(text.replace("[grpc]\n", ""));
  assert.deepEqual(more, []);
  assert.equal(found?.help, "they are keys of [grpc]: is this header missing?");
  assert.ok((found.related?.length ?? 0) > 6);
});

test("two wrong values below a broken line are two, and show no missing header", () => {
  const { judge } = textOf("shop/tusker.tsk");
  const wrong = [
    "[services]",
    'a: { run: "true", port: 8081, dependencies: ["b" "c"] }',
    "[routes]",
    '"/a/*": { service: "a", retries: "x" }',
    '"/b/*": { service: "bb" }',
  ];
  assert.deepEqual(
    judge(`${wrong.join("\n")}\n`).map(({ code }) => code),
    ["TSK_SEPARATOR", "FLEET_INVALID", "FLEET_UNKNOWN_SERVICE"],
  );
});

test("braces that say again what was said are told once", () => {
  const line = '"/api/users/*": { service: "user-service", method: "GET", timeout: "10s", retries: 3 }\n';
  const [found, ...more] = told("shop/tusker.tsk", line, line + line);
  assert.match(found ?? "", /^50:19 TSK_DUPLICATE/);
  assert.deepEqual(more, []);
});

test("a name or command that is empty is told once", () => {
  for (const [from, to] of [
    ['service: "user-service"', 'service: ""'],
    ['run: "node services/user.ts"', 'run: ""'],
  ] as const) {
    const found = told("shop/tusker.tsk", from, to);
    assert.equal(found.length, 1, found.join());
    assert.match(found[0] ?? "", /FLEET_INVALID/);
  }
});

test("a wrong value to which several keys refer is told once, with all of them and where it is written", () => {
  const judge = asFleet(resolve("/nowhere/tusker.tsk"));
  const text = `#!tusker 1
$wait: "10 s"
[gateway]
timeout: $wait
connect_timeout: $wait
port: $wait
[grpc]
timeout: gateway.timeout
[api_communication]
timeout: 5
`;
  const found = judge(text).map(({ line, code, related = [] }) => [
    line,
    code,
    related.map((one) => one.line),
  ]);
  assert.deepEqual(found, [
    [4, "FLEET_INVALID", [2, 5]],
    [6, "FLEET_INVALID", []],
    [8, "FLEET_INVALID", []],
    [10, "FLEET_INVALID", []],
  ]);
});

test("several tables of TOML are elements of a list: nothing below them is told", () => {
  const judge = asFleet(resolve("/nowhere/tusker.tsk"));
  const table = (name: string): string => `[[services]]\nname = "${name}"\n`;
  const routes = '[routes]\n"/a": { service: "users" }\n"/b": { service: "orders", retries: "x" }\n';
  assert.deepEqual(
    judge(table("users") + table("orders") + routes).map(({ line, code }) => `${line} ${code}`),
    ["1 TSK_SECTION", "3 TSK_SECTION", "7 FLEET_INVALID"],
  );
});

test("a value read the old way and wrong as it was read is told as the error", () => {
  assert.deepEqual(told("shop/tusker.tsk", "rate_limit_enabled: true", "rate_limit_enabled: treu"), [
    "44:21 FLEET_INVALID 44:21",
  ]);
  assert.deepEqual(told("shop/tusker.tsk", "rate_limit_requests: 100", "rate_limit_requests:"), [
    "45:21 FLEET_INVALID 45:21",
  ]);
});

test("a bracket left out is told next to where it belongs", () => {
  assert.deepEqual(
    told("shop/tusker.tsk", "config: { database: { host", "config: { database: host").map((one) =>
      one.split(" ", 2).join(" "),
    ),
    ["19:23 TSK_UNQUOTED"],
  );
});

/** What was pasted, typed for another sign or moved, and made several problems of one mistake. */
const oneEdit: readonly (readonly [name: string, from: string, to: string])[] = [
  ["every form", "[server]", "ast: tr[server]"],
  ["every form", "limits: {", 'limiame: "shop-${$env}"ts: {'],
  ["every form", "limits: {", "limitrate + 2s: {"],
  ["every form", "$env", "st: true$env"],
  ["every form", "$env", "$eax: servnv"],
  ["every form", '@env("PORT"', '@env( { ser"PORT"'],
  ["streams/tusker.tsk", "report-service: {", "report-settp://locrvice: {"],
  ["shop/tusker.tsk", "payment-service: {", "pttp://localhost:14268/api/traayment-service: {"],
  ["shop/tusker.tsk", "order-service: {", 'order-service_url: "http://localhost:8500" # start: {'],
  ["gateway/websocket.tsk", "ticker: {", "tickericker.ts: {"],
  ["services-as-json.tsk", '{\n  "services"', '    "health_endpoint": "/heal{\n  "services"'],
  ["services-as-json.tsk", "    }\n  }\n}", '      "config": { "database":     }\n  }\n}'],
  ["services-as-json.tsk", '"config": { "database"', '"config": , "database"'],
  ["streams/tusker.tsk", "sensor-service: {", "sensoithin one request.r-service: {"],
  ["shop/tusker.tsk", "[tracing]", "[tragateway]cing]"],
  ["shop/tusker.tsk", "[routes]", "rate:[routes]"],
  ["shop/tusker.tsk", "[api_communication]", "mpts: [api_communication]"],
  ["shop/tusker.tsk", "[tracing]", "ocalhost:9411/ap[tracing]"],
  ["shop/tusker.tsk", "required: [", "required:\n["],
  ["shop/tusker.tsk", "}\norder-service", ",order-service"],
  ["shop/tusker.tsk", "}\norder-service: {\n", "order-service: {\n}\n"],
];
for (const [name, from, to] of oneEdit)
  test(`what one edit of a line repairs is told once: ${JSON.stringify(to)} in ${name}`, () => {
    assert.equal(told(name, from, to).length, 1);
  });

test("what one edit repairs takes nothing from another mistake", () => {
  const { text, judge } = textOf("shop/tusker.tsk");
  const pasted = text.replace("[routes]", "rate:[routes]");
  const both = judge(pasted.replace("sampling_rate: 1.0", 'sampling_rate: "much"'));
  assert.deepEqual(both.map(({ code }) => code).toSorted(), ["FLEET_INVALID", "FLEET_UNKNOWN_KEY"]);
});

test("a name that a line end cuts in two is told once", () => {
  assert.equal(told("every form", "@env", "@e\nnv").length, 1);
});

test("two mistakes on lines of their own are told, both", () => {
  const { text, judge } = textOf("shop/tusker.tsk");
  const both = text.replace("port: 8081", "port 8081").replace("port: 8083", "port 8083");
  assert.equal(judge(both).length, 2);
  const values = text.replace("port: 8081", "port: true").replace("retries: 2", "retires: 2");
  assert.equal(judge(values).length, 2);
});

// A slip that makes two mistakes: it cannot be repaired at one place.
test("two characters over the end of a line are a slip on each of the two lines", () => {
  assert.equal(told("shop/tusker.tsk", "enabled: true\nport", "enabled: truep\nort").length, 2);
});

test("a line that opens a bracket, left out, is told once", () => {
  assert.equal(told("canary.tsk", '"/hello/*": [\n', "").length, 1);
});

test("an operator for a line end is told once, though it makes one expression of two lines", () => {
  assert.equal(told("every form", "3]\nlimits", "3]?limits").length, 1);
});

test("an operator inside the name of a call is told once", () => {
  assert.equal(told("shop/tusker.tsk", "@env.secure(", "@env.sec<re(").length, 1);
});

test("a word before a header is told once, though the keys below stand in the section before", () => {
  assert.equal(told("retry-budget.tsk", "[services]", "x [services]").length, 1);
});

test("a paste that parts a name is told once, wherever it ends and whatever a comment in it hides", () => {
  const paste = 'payip_prefix: "/api" # /api/users/123 reacment-service: {';
  assert.deepEqual(told("shop/tusker.tsk", "payment-service: {", paste), ["27:1 FLEET_INVALID 37:1"]);
});

test("a line that cannot be read takes nothing from what is written without indentation", () => {
  const [found, ...more] = told("routes-flattened.tsk", "retries: 3\n}", 'retries: 3\n "order-service"}');
  assert.match(found ?? "", /^\d+:2 TSK_EXPECTED/);
  assert.deepEqual(more, []);
});

test("a line end for one half of a sign is told once", () => {
  assert.deepEqual(told("every form", '== "prod"', '=\n "prod"').length, 1);
});

test("of a call of a secret that was pasted into a route, no other route is hidden", () => {
  for (const paste of ['t @env.secure("STRimeout:', 'secure("STRIPE_APtimeout:'])
    assert.deepEqual(told("fleet.tsk", 'timeout: "10s", retries', `${paste} "10s", retries`).length, 1);
  const [found, ...more] = told("fleet.tsk", "_key: @env", '_key:: { run: "node services/ord @env');
  assert.match(found ?? "", /TSK_STRING_OPEN$/);
  assert.deepEqual(more, []);
});

test("a service of which no value can be had is not called missing", () => {
  assert.deepEqual(told("fleet.tsk", "order-service: {", "order-service:! {").length, 1);
});

test("a line end for a quote that only the line below seems to lack is told once", () => {
  assert.equal(told("services-as-json.tsk", '"health_endpoint": ', '"health_endpoint\n: ').length, 1);
});

test("a comma for the brace of a block in a block is told once", () => {
  const block = 'database: { host: "localhost", port: 5432, database: "payments"';
  assert.equal(told("shop/tusker.tsk", block, block.replace("{ ", ", ")).length, 1);
});

test("a digit for the bracket of a header is told once", () => {
  for (const file of ["gateway/retry-budget.tsk", "shop/tusker.tsk"])
    assert.equal(told(file, "[services]", "1services]").length, 1);
});

test("of a file with lines that cannot be read nobody says which services it has not", () => {
  const whole = textOf("gateway/retry-budget.tsk");
  const helps = (text: string): readonly (string | undefined)[] =>
    whole.judge(text).map(({ code, help }) => (code === "FLEET_UNKNOWN_SERVICE" ? help : code));
  const wrong = whole.text.replace('service: "moody"', 'service: "zzz"');
  const without = wrong.replace(/moody: \{.*\}\n/, "");
  const broken = 'moody: { run: "node moody.ts }\n';
  assert.deepEqual(helps(without), ["this fleet has no services"]);
  assert.deepEqual(helps(without.replace("[services]\n", (header) => header + broken)), [
    "TSK_STRING_OPEN",
    undefined,
  ]);
  assert.deepEqual(
    helps(wrong.replace("[services]\n", '[services]\nother: { run: "true" }\na: { run: "b }\n')),
    ["TSK_STRING_OPEN", "services that can be read: other, moody"],
  );
});

/** What is told of a fleet of two layers, as "file:line CODE". */
function toldOfLayers(base: string, local: string): readonly string[] {
  const files = new Map([
    [resolve("/f/tusker.tsk"), base],
    [resolve("/f/tusker.local.tsk"), local],
  ]);
  const readFile = (path: string): string | undefined => files.get(resolve(path));
  return loadFleet("/f/tusker.tsk", { env: {}, files: { readFile, list: () => [] } }).diagnostics.map(
    ({ file, line, code }) => `${basename(file)}:${line} ${code}`,
  );
}

const layers = {
  base: `[fleet]
name: "shop"

[services]
users: {
  run: "true"
  port: 8081
  config: { key: @env.secure("KEY") }
}
mail: {
  run: "true"
  port: 8082
}
`,
  local: `[services]
users: { config: { key: "local" } }
mail: { config: { host: "localhost" } }

[gateway]
port: 8080
`,
};

test("of a mistake in one layer, nothing is told in another that adds to what is lost", () => {
  assert.deepEqual(toldOfLayers(layers.base, layers.local), []);
  for (const [from, to, line] of [
    ["mail: {\n", "", "12 TSK_ORPHAN"],
    ["mail: {", "mai*: {", "10 TSK_EXPECTED"],
    ["[services]", "[se", "4 TSK_UNCLOSED"],
  ] as const)
    assert.deepEqual(toldOfLayers(layers.base.replace(from, to), layers.local), [`tusker.tsk:${line}`], to);
  for (const end of ["ices]", 'un: "true"\n  port: 8082'])
    assert.equal(
      toldOfLayers(layers.base.slice(0, layers.base.lastIndexOf(end)), layers.local).length,
      1,
      end,
    );
});

test("a secret that another layer puts in its place is not missed where a line of that layer is lost", () => {
  const only = { base: layers.base, local: layers.local.replace('key: "local"', "") };
  assert.deepEqual(toldOfLayers(only.base, only.local), ["tusker.tsk:8 TSK_ENV_MISSING"]);
  for (const [from, to] of [
    ['key: "local"', 'key "local"'],
    ['key: "local"', 'key: "local'],
    ['"local" } }', '"local" }'],
    ["users: {", "users {{"],
  ] as const) {
    const [found, ...more] = toldOfLayers(layers.base, layers.local.replace(from, to));
    assert.match(found ?? "", /^tusker\.local\.tsk:2 TSK_/, to);
    assert.deepEqual(more, [], to);
  }
  // A line that is lost elsewhere puts nothing in its place.
  assert.deepEqual(toldOfLayers(only.base, only.local.replace('host: "localhost"', 'host "localhost"')), [
    "tusker.tsk:8 TSK_ENV_MISSING",
    "tusker.local.tsk:3 TSK_EXPECTED",
  ]);
});

test("a secret that a lost line calls in one section is none in another that has a key of this name", () => {
  const of = (section: string): readonly string[] =>
    toldOfLayers(
      `${layers.base.replace('"KEY"', '"KEY", "x"')}[${section}]\ntimeout: "30snv.secure("STRIPE_API_"\n`,
      `${layers.local}timeout: "10s"\n`,
    );
  assert.deepEqual(of("api_communication"), ["tusker.tsk:15 TSK_STRING_OPEN"]);
  assert.deepEqual(of("gateway"), ["tusker.tsk:15 TSK_STRING_OPEN"]);
});
