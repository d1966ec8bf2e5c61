import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { openFile, openFleet } from "../../../test/support/lsp-file.ts";
import { defineOperator, type OperatorPlugin } from "../../tsk/index.ts";
import { Workspace } from "../workspace.ts";
import { type Completion, complete } from "./complete.ts";
import { hover } from "./hover.ts";

function proposals(text: string): readonly Completion[] {
  const { snapshot, offset } = openFile(text);
  return complete(snapshot, offset);
}

const labels = (text: string): readonly string[] => proposals(text).map((one) => one.label);

/** The text after a proposal was taken. */
function taken(text: string, label: string): string {
  const one = proposals(text).find((found) => found.label === label);
  assert.ok(one, `${label} is not among ${labels(text).join(", ")}`);
  const plain = text.replace("|", "");
  return plain.slice(0, one.span.start) + one.text + plain.slice(one.span.end);
}

const services = "[services]\nuser-service: { port: 1 }\norder-service: { port: 2 }\n";

test("a header names a section, and so does a first word", () => {
  assert.equal(taken("[gat|]\n", "gateway"), "[gateway]\n");
  assert.equal(taken("gat|\n", "gateway"), "[gateway]\n");
  assert.ok(labels("[|").includes("service_discovery"));
});

test("a key is completed from its section, with what the section says about it", () => {
  assert.equal(taken("[gateway]\ntime|\n", "timeout"), "[gateway]\ntimeout: \n");
  assert.ok(labels("[services]\na: { | }").includes("health_endpoint"));
  assert.ok(labels('[routes]\n"/x": [{ service: "a", | }]').includes("retries"));
  const found = proposals("[gateway]\n|").find((one) => one.label === "port");
  assert.equal(found?.detail, "a whole number");
});

test("a key is completed from what other layers write there", () => {
  const { snapshot, offset } = openFleet({ "tusker.tsk": services, "tusker.local.tsk": "[services]\n|" });
  assert.deepEqual(
    complete(snapshot, offset).map((one) => one.text),
    ["user-service: ", "order-service: "],
  );
});

test("in the file of a service its configuration is completed", () => {
  const { snapshot, offset } = openFleet({
    "tusker.tsk": "[services]\na: { port: 1, config: { database: { host: 'h' } } }\n",
    "config/services/a.tsk": "database: { | }",
  });
  assert.deepEqual(
    complete(snapshot, offset).map((one) => one.label),
    ["host"],
  );
});

test("a value is completed from the only ones there are, with or without quotes around", () => {
  assert.equal(taken("[externals]\na: { check: | }", "tcp"), '[externals]\na: { check: "tcp" }');
  assert.equal(taken('[externals]\na: { check: "n|" }', "none"), '[externals]\na: { check: "none" }');
  assert.ok(labels("[gateway]\nrate_limit_enabled: |").includes("false"));
  assert.ok(labels('[gateway]\nbalance: "|').includes("round_robin"));
});

test("services are completed where one is wanted, and nowhere else", () => {
  assert.equal(
    taken(`${services}[routes]\n"/x": { service: "us|" }`, "user-service"),
    `${services}[routes]\n"/x": { service: "user-service" }`,
  );
  assert.ok(labels(`[services]\na: { port: 1, dependencies: [|] }`).includes("a"));
  assert.ok(labels(`[services]\na: { port: 1, dependencies: ["x", "|"] }`).includes("a"));
  assert.deepEqual(labels(`${services}[fleet]\nname: "|"`), []);
});

test("variables are completed where they are seen", () => {
  assert.equal(
    taken("$region: 'eu'\n[fleet]\nname: $r|", "$region"),
    "$region: 'eu'\n[fleet]\nname: $region",
  );
  assert.ok(labels('$region: 1\n[fleet]\nname: "x-${|}"').includes("$region"));
  assert.ok(!labels("a: { $inner: 1 }\nb: |").includes("$inner"));
});

test("operators that a host brings are completed, run and explained like those of the language", () => {
  const double: OperatorPlugin = defineOperator({
    name: "double",
    parameters: ["value"],
    args: z.object({ value: z.number() }),
    class: "pure",
    run: ({ value }) => value * 2,
  });
  const file = "/nowhere/alone.tsk";
  const workspace = new Workspace({ env: {}, operators: [double] });
  const text = "#!tusker 1\na: @double(4)\n";
  workspace.put(file, text);
  const snapshot = workspace.snapshot(file);
  assert.ok(snapshot !== undefined);
  assert.deepEqual(snapshot.diagnostics, []);
  assert.deepEqual(snapshot.document.value, { a: 8 });
  const found = complete(snapshot, text.indexOf("double") + 2).find((one) => one.label === "@double");
  assert.equal(found?.detail, "@double(value?)");
  assert.match(hover(snapshot, text.indexOf("double") + 2)?.markdown ?? "", /@double\(value\?\)/);
});

test("operators are completed behind @, over the whole of their names", () => {
  assert.equal(taken("[gateway]\nport: @en|", "@env"), "[gateway]\nport: @env");
  assert.equal(taken("[gateway]\nport: @env.s|", "@env.secure"), "[gateway]\nport: @env.secure");
  assert.equal(proposals("a: @|").find((one) => one.label === "@env")?.detail, "@env(name, default?, type?)");
});

test("a bare word is completed from the keys it can mean", () => {
  assert.ok(labels("[gateway]\nport: 1\n[control]\nport: g|").includes("gateway"));
  assert.deepEqual(labels("[gateway]\nport: 1\n[control]\nport: gateway.|"), ["port"]);
});

test("a comment is left alone", () => assert.deepEqual(labels("[gateway]\n# ti|"), []));

test("a file that is no fleet knows nothing of sections", () => {
  const { snapshot } = openFleet({ "tusker.tsk": "a: 1" });
  assert.equal(snapshot.fleet, true);
  const alone = openFleet({ "other/x.tsk": "|" });
  assert.equal(alone.snapshot.fleet, false);
  assert.deepEqual(complete(alone.snapshot, 0), []);
});

test("a file that a section or a key includes is completed and told as what stands there", () => {
  const include = { "tusker.tsk": '[gateway]\n@include "front.tsk"\n[services]\na: @import("a.tsk")\n' };
  const found = (name: string, text: string): readonly string[] => {
    const { snapshot, offset } = openFleet({ ...include, [name]: text });
    return complete(snapshot, offset).map((one) => one.text);
  };
  assert.ok(found("front.tsk", "time|").includes("timeout: "));
  assert.ok(found("a.tsk", "health|").includes("health_endpoint: "));
  const { snapshot, offset } = openFleet({ ...include, "front.tsk": "po|rt: 81\n" });
  assert.match(
    hover(snapshot, offset)?.markdown ?? "",
    /gateway\.port = 81[\s\S]*Port to listen on[\s\S]*wins/,
  );
});
