import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { openFile, openFleet } from "../../../test/support/lsp-file.ts";
import { diagnostics } from "./diagnostics.ts";

function found(at: ReturnType<typeof openFleet>): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    [...diagnostics(at.snapshot)].map(([file, list]) => [
      basename(file),
      list.map((one) => `${one.line}:${one.column} ${one.severity} ${one.code}`),
    ]),
  );
}

test("the language and the sections are heard together, even in a file that is half written", () => {
  assert.deepEqual(found(openFile("#!tusker 1\n[gateway]\ntimout: 5s\nport:\n")), {
    "tusker.tsk": ["3:1 error FLEET_UNKNOWN_KEY", "4:6 error TSK_EMPTY_VALUE"],
  });
});

test("beside a line that cannot be read, sections and names are judged, and nothing that it may have said is missed", () => {
  const text = `#!tusker 1
[services]
users: { run "node users.js", port: 81 }
orders: { port: true }
[gateway]
timout: 5s
[routes]
"/users": { service: "users" }
"/orders": { service: "nobody" }
`;
  assert.deepEqual(found(openFile(text))["tusker.tsk"], [
    "3:10 error TSK_EXPECTED",
    "4:17 error FLEET_INVALID",
    "6:1 error FLEET_UNKNOWN_KEY",
    "9:23 error FLEET_UNKNOWN_SERVICE",
  ]);
});

test("each file of a fleet has its own list, be it empty", () => {
  const at = openFleet({
    "tusker.tsk": "[gateway]\nport: 1\n",
    "tusker.local.tsk": "[gateway]\nport: 'x'\n",
  });
  assert.deepEqual(found(at), { "tusker.tsk": [], "tusker.local.tsk": ["2:7 error FLEET_INVALID"] });
});

test("an overlay is judged as part of the fleet it belongs to", () => {
  const at = openFleet({
    "tusker.tsk": "[gateway]\nport: 1\n",
    "environment/prod.tsk": "[gateway]\npotr: 2|\n",
  });
  assert.deepEqual(found(at), { "tusker.tsk": [], "prod.tsk": ["2:1 error FLEET_UNKNOWN_KEY"] });
});

test("a variable that is not set here is information, and the rest of the file is judged all the same", () => {
  const at = openFile("[gateway]\nport: @env('PORT')\ntimout: 1s");
  assert.deepEqual(found(at)["tusker.tsk"], [
    "2:7 information TSK_ENV_MISSING",
    "3:1 error FLEET_UNKNOWN_KEY",
  ]);
});

test("in a file that is no fleet any key is right", () => {
  const at = openFleet({ "other/x.tsk": "#!tusker 1\nanything: 1\nb: nothing|" });
  assert.deepEqual(found(at), { "x.tsk": ["3:4 error TSK_UNKNOWN_NAME"] });
});
