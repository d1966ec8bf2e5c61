/** What is wrong with routes and gateway in a file is refused when it is checked, with file and line. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { tusker } from "../support/fleet.ts";

const lines = [
  "[service_discovery]",
  "enabled: false",
  "[gateway]",
  'timeout: "2s"',
  'connect_timeout: "5s"',
  'drain: "2h"',
  'repeated_slashes: "merge"',
  'upstreams: { users: { endpoints: ["127.0.0.1:8081"], queue_timeout: "9s" } }',
  `api_keys: { acme: ["sha256:${"0".repeat(64)}"], beta: ["sha256:${"0".repeat(64)}"] }`,
  "[routes]",
  '"/users/{id}": { service: "users", method: "GET" }',
  '"/users/{name}": { service: "users", method: ["GET", "PUT"] }',
  '"/v/*": { service: "users", headers: { "X-Version": "~(a+)+b" } }',
  '"/orders/*": { service: "ordes" }',
  '"/slow": { service: "users", try_timeout: "3s" }',
  '"/own": { service: "users", timeout: "1s", try_timeout: "1500ms" }',
  '"/split": { services: { users: 0 } }',
  '"/same": [',
  '  { service: "users", query: { v: "1" } }',
  '  { service: "users", query: { v: "1" } }',
  "]",
  '"/under/*": { service: "users" }',
  '"/under/{id}": { service: "users" }',
  '"/token": { service: "users", auth: ["jwt"] }',
  '"/known": { service: "users", auth: ["key"], consumers: ["stranger"] }',
  '"/to/{id}": { redirect: { to: "/at/{nothing}" } }',
  '"/two//slashes": { service: "users" }',
  '"/open": { service: "users", headers: { "X-A": "~(" } }',
];
const folder = mkdtempSync(join(tmpdir(), "tusker-bad-"));
const file = join(folder, "tusker.tsk");
writeFileSync(file, lines.join("\n"));
after(() => rmSync(folder, { recursive: true }));
const checked = tusker(["check", file]);

/** What is said about the line that begins with this text. */
async function saidAt(start: string): Promise<string> {
  const line = lines.findIndex((text) => text.trimStart().startsWith(start)) + 1;
  return saidOf(line);
}

async function saidOf(line: number): Promise<string> {
  const { stdout, stderr } = await checked;
  const said = (stdout + stderr).split("\n").find((text) => text.startsWith(`${file}:${line}:`));
  assert.ok(said !== undefined, `nothing was said of line ${line}:\n${stdout}${stderr}`);
  return said;
}

test("all of it in one run, and the answer is no", async () => {
  const { code, stderr, stdout } = await checked;
  assert.equal(code, 1);
  assert.match(stdout + stderr, /\b17 problems in /);
});

test("a route that another one shadows", async () => {
  assert.match(
    await saidAt('"/users/{name}"'),
    /GET of path .* has a route already, at "\/users\/\{id\}"; the second would never be used/,
  );
  const second = lines.findLastIndex((text) => text.includes('query: { v: "1" }')) + 1;
  assert.match(await saidOf(second), /a route for every method already that asks for the same v/);
});

test("a pattern behind a prefix that takes all of it", async () => {
  assert.match(await saidAt('"/under/{id}"'), /is never reached: "\/under\/\*" takes all of it/);
});

test("a path that no request has where repeated slashes are one", async () => {
  assert.match(await saidAt('"/two//slashes"'), /is never reached: with repeated_slashes "merge"/);
});

test("who could never pass, and a key that two have", async () => {
  assert.match(await saidAt('"/token"'), /wants tokens, but \[gateway\] has no jwt/);
  assert.match(await saidAt('"/known"'), /lets "stranger" pass, of whom api_keys has no key/);
  assert.match(await saidAt("api_keys"), /"beta" has a key that "acme" has/);
});

test("a redirect to a parameter that the path does not have", async () => {
  assert.match(await saidAt('"/to/{id}"'), /fills in \{nothing\}, which the path does not have/);
});

test("a regular expression that cannot be read", async () => {
  assert.match(await saidAt('"/open"'), /it cannot be read/);
});

test("a regular expression that backtracks", async () => {
  assert.match(await saidAt('"/v/*"'), /it repeats a group that repeats something itself/);
});

test("a route to a service that does not exist", async () => {
  assert.match(
    await saidAt('"/orders/*"'),
    /FLEET_UNKNOWN_SERVICE the route "\/orders\/\*" leads to "ordes"/,
  );
});

test("timeouts that contradict each other: of a route, and of a route and the gateway", async () => {
  assert.match(await saidAt("connect_timeout"), /longer than the timeout of the gateway/);
  assert.match(await saidAt('"/slow"'), /try_timeout .* longer than the timeout of the gateway/);
  assert.match(await saidAt("upstreams"), /queue_timeout of "users" is longer than the timeout of every/);
  assert.match(await saidAt("drain"), /drain is longer than stream_drain/);
  assert.match(await saidAt('"/own"'), /must not be longer than the timeout of the whole request/);
});

test("weights that sum to zero", async () => {
  assert.match(await saidAt('"/split"'), /they sum to zero/);
});
