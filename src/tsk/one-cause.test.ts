// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadDocument } from "./index.ts";

const text = `#!tusker 1
$env: "dev"
[server]
host: "0.0.0.0"
port: @env("PORT", 8080)
name: "shop-\${$env}"
workers: $env == "prod" ? 8 : 2
tags: ["a", "b", 3]
limits: { rate: 100, burst: 20 }
pool {
  min: 1
  max: server.limits.rate + 2
}
ttl: 30s
[routes]
"/x/*": { service: "a", retries: 3 }
last: true
`;

const slips = ["", ..."{}[]()\"':=,@$<>#?!+\n~&.", "x "];

function errors(source: string): readonly string[] {
  const readFile = (path: string): string | undefined => (path === "a.tsk" ? source : undefined);
  return loadDocument({ entry: "a.tsk", readFile })
    .diagnostics.filter((one) => one.severity === "error")
    .map((one) => `${one.line}:${one.column} ${one.code}`);
}

test("one slip is told once: of a letter too many, too few or wrong, fourteen in fifteen give one diagnostic", () => {
  assert.deepEqual(errors(text), []);
  let wrong = 0;
  const twice: string[] = [];
  for (let at = 11; at < text.length; at += 3) {
    for (const slip of slips) {
      for (const cut of slip === "" ? [1] : [0, 1]) {
        const found = errors(text.slice(0, at) + slip + text.slice(at + cut));
        if (found.length > 0) wrong++;
        if (found.length > 1)
          twice.push(`${JSON.stringify(text.slice(at - 8, at))} ${slip} ${cut}: ${found.join(", ")}`);
      }
    }
  }
  assert.ok(wrong > 2000, `${wrong} slips`);
  assert.ok(twice.length * 15 <= wrong, `${twice.length} of ${wrong}\n${twice.slice(0, 20).join("\n")}`);
});
