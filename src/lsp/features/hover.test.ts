import assert from "node:assert/strict";
import { test } from "node:test";
import { openFile, openFleet } from "../../../test/support/lsp-file.ts";
import { hover } from "./hover.ts";

function told(text: string, env?: Readonly<Record<string, string>>): string {
  const { snapshot, offset } = openFile(text, env);
  return hover(snapshot, offset)?.markdown ?? "";
}

test("a key tells its value, its type and where it is written", () => {
  const text = told("[gateway]\nti|meout: 5s\n");
  assert.match(text, /gateway\.timeout = "5s"/);
  assert.match(text, /\*\*wins\*\* base `.*tusker\.tsk:2:10` `5s`/);
});

test("a value tells the same as its key, an element of a list its own", () => {
  assert.match(told("[gateway]\nport: 80|80\n"), /gateway\.port = 8080/);
  assert.match(told("[gateway]\ntrusted_proxies: ['10.0.0.1', '10.|0.0.2']"), /proxies\.1 = "10\.0\.0\.2"/);
});

test("every layer that was overridden is listed, the winner first", () => {
  const { snapshot, offset } = openFleet({
    "tusker.tsk": "[gateway]\npo|rt: 1\n",
    "tusker.local.tsk": "[gateway]\nport: 2\n",
  });
  const text = hover(snapshot, offset)?.markdown ?? "";
  assert.match(
    text,
    /port = 2[\s\S]*wins\*\* local .*local\.tsk:2:7` `2`\n- overridden base .*tusker\.tsk:2:7` `1`/,
  );
});

test("a secret is told by no word of it", () => {
  const text = told("[services]\na: { port: 1, config: { ke|y: @env.secure('K', 'hunter2') } }", {
    K: "swordfish",
  });
  assert.match(text, /key = \[secret\]/);
  assert.doesNotMatch(text, /hunter2|swordfish/);
  assert.doesNotMatch(told("$k: @env.secure('K', 'hunter2')\na: $|k"), /hunter2/);
});

test("a variable tells what it is set to, an operator how it is called", () => {
  assert.match(told("$region: 'eu'\n[fleet]\nname: $reg|ion"), /\$region = 'eu'[\s\S]*used once/);
  assert.match(told("[gateway]\nport: @e|nv('P', 1)"), /@env\(name, default\?, type\?\)/);
  assert.match(told("a: @env.sec|ure('P')"), /@env\.secure\(name, default\?\)/);
});

test("the name of a service tells how it runs", () => {
  const text = '[services]\na: { run: "node a.js", port: 1 }\n[routes]\n"/x": { service: "|a" }';
  assert.match(told(text), /service a\nrun: "node a\.js"\nport: 1/);
});

test("a key that is not set yet, a section and white space", () => {
  assert.match(told("#!tusker 1\n[gateway]\nti|meout:\n"), /gateway\.timeout[\s\S]*not set/);
  assert.match(told("[gate|way]\nport: 1"), /gateway/);
  assert.equal(told("[gateway]\n |\n"), "");
  assert.equal(told("# com|ment"), "");
});
