import assert from "node:assert/strict";
import { test } from "node:test";
import { slipsIn } from "../../../test/support/slips/slip.ts";
import { renderDiagnostics, withoutSecretFix } from "../../tsk/index.ts";
import { loadFleet } from "./load.ts";

const seed = Number(process.env.TUSKER_TEST_SEED ?? "1");

/** A fleet in three files with a secret in every form, and plain text over them in a layer above. */
const fleet: Readonly<Record<string, string>> = {
  "/f/tusker.tsk": `@include "more.tsk"
[fleet]
name: "shop"
$dsn: @env.secure("DSN", "pg://Zq7hunter2xW@db")

[services]
users: {
  run: "sleep 9"
  config: {
    api: @env.secure("API", "Zq7hunter2xW")
    url: "x-\${$dsn}-y"
    cert: @env.secure("CERT", """
      one Zq7hunter2xW
      two Zq7hunter2xW
      """)
    old: "@env.secure('OLD', 'Zq7hunter2xW')"
    list: [@env.secure("L", "Zq7hunter2xW"), "b"]
    nested { deep: @env.secure("D", default="Zq7hunter2xW"), n: 5 }
  }
}
orders: { run: "sleep 9", port: 8082, config: { api: @secret("env:NO") ?? "Zq7hunter2xW" } }

[gateway]
port: true
`,
  "/f/more.tsk": `[services]
pay: {
  run: "sleep 9"
  config: { inner: @env.secure("INNER", "Zq7hunter2xW"), host: "h" }
}
`,
  "/f/tusker.local.tsk": `services.users.config.api: "Zq7hunter2xW"
[services]
users.config: {
  url: "Zq7hunter2xW"
  cert: """
    Zq7hunter2xW one
    two Zq7hunter2xW
    """
  list: ["Zq7hunter2xW"]
}
orders: { config: { api: "Zq7hunter2xW" } }
pay: { config: { inner: 'Zq7hunter2xW', host: "x" } }
[gateway]
port: 70000
`,
};

/** Everything a report shows, to people and to machines; empty when nothing is wrong. */
function report(files: Readonly<Record<string, string>>): string {
  const { diagnostics, document } = loadFleet("/f/tusker.tsk", {
    env: {},
    files: { readFile: (path) => files[path], list: () => [] },
  });
  const forMachines = diagnostics.map((one) => withoutSecretFix(one, document.sources));
  return renderDiagnostics(diagnostics, document.sources) + JSON.stringify(forMachines);
}

/** Slips that take away what says that a text is a secret. */
const unknowable = /^(?:the rest of a file|a line left out|a line half typed)/;

test(`a slip of the hand shows no secret: one in a hundred at most (seed ${seed})`, () => {
  const shown: string[] = [];
  let reported = 0;
  for (const [path, text] of Object.entries(fleet)) {
    for (const slip of slipsIn([text], 80, seed)) {
      if (unknowable.test(slip.what)) continue;
      reported++;
      if (/Zq7|hunter2/.test(report({ ...fleet, [path]: slip.text }))) shown.push(`${path} ${slip.what}`);
    }
  }
  assert.ok(reported > 130, `${reported}`);
  assert.ok(shown.length <= reported / 100, shown.join("\n"));
});

test("what the rooms say of a broken fleet shows no text over a secret, and nothing else is hidden", () => {
  const broken = {
    ...fleet,
    "/f/tusker.tsk": fleet["/f/tusker.tsk"]?.replace("orders: {", "orders: { {") ?? "",
  };
  const text = report(broken);
  assert.doesNotMatch(text, /hunter2/);
  assert.match(text, /FLEET_INVALID gateway\.port must be a whole number 0–65535, found 70000/);
});

test("a text over what a file has that cannot be included may be a secret", () => {
  const { "/f/more.tsk": _, ...without } = fleet;
  assert.doesNotMatch(report(without), /hunter2/);
});
