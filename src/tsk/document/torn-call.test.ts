import assert from "node:assert/strict";
import { test } from "node:test";
import { callsSecret, keysOfCalls, secretsOfCalls } from "./torn-call.ts";

/** The line as it is shown. */
function shown(line: string): string {
  let text = line;
  for (const { start, end } of secretsOfCalls(line, new Set(["vault"])))
    text = text.slice(0, start) + "*".repeat(end - start) + text.slice(end);
  return text.replace(/\*+/g, "*");
}

test("of a call that is whole, the default and what ?? gives in its place are hidden", () => {
  for (const [line, expected] of [
    ['a: @env.secure("U", "hunter2"), b: 5', 'a: @env.secure("U",*), b: 5'],
    ["a: \"@env.secure('U', 'hunter2')\"", "a: \"@env.secure('U',*)\""],
    ['a: @env.secure("U"), b: 5', 'a: @env.secure("U"), b: 5'],
    ['a: @env.secure("U", default="hunter2") # b', 'a: @env.secure("U",*) # b'],
    ['a: @secret("env:A") ?? "hunter2", b: 1', 'a: @secret("env:A") ?? "*", b: 1'],
    ['a: (@secret("env:A")) ?? @env("B") ?? "hunter2" }', 'a: (@secret("env:A")) ?? @env("B") ?? "*" }'],
    [
      'a: @secret("vault:kv#k", ttl=5m) ?? @env.secure("B")',
      'a: @secret("vault:kv#k", ttl=5m) ?? @env.secure("B")',
    ],
    ['a: @encrypted("tusk:v1:ab_-c")', 'a: @encrypted("tusk:v1:ab_-c")'],
  ] as const)
    assert.equal(shown(line), expected);
});

test("text in the place of the address of a secret is hidden", () => {
  assert.equal(shown('a: @secret("hunter2")'), 'a: @secret("*")');
  assert.equal(shown('a: @encrypted("hunter2"), b: 1'), 'a: @encrypted("*"), b: 1');
  assert.equal(shown('a: @secret("env:not a name")'), 'a: @secret("env:*")');
});

test("behind a scheme that the host does not know may stand the secret itself", () => {
  assert.equal(shown('a: @secret("plain:hunter2")'), 'a: @secret("plain:*")');
  assert.equal(shown('a: @secret("http://hunter2")'), 'a: @secret("http:*")');
  assert.equal(shown('a: @secret("vault:kv#k")'), 'a: @secret("vault:kv#k")');
});

test("a call that lost a sign, or got one too many, shows no default", () => {
  for (const line of [
    '@env.secure("U"; "hunter2")',
    '@env.secure("U" "hunter2")',
    '@env.secure("U, "hunter2")',
    '@env.secure("U", "hunter2',
    '@env.secure(U", "hunter2")',
    '@env.secure("U", hunter2")',
    '@env.secure "U", "hunter2"',
    '@env.secure["U", "hunter2"]',
    '@env.secure"U", "hunter2")',
    "@env.secure(“U”, “hunter2”)",
    '@env .secure("U", "hunter2")',
    '@env. secure("U", "hunter2")',
    '@env..secure("U", "hunter2")',
    '@env,secure("U", "hunter2")',
    '@env:secure("U", "hunter2")',
    '@envsecure("U", "hunter2")',
    '@env.("U", "hunter2")',
    '@env.secur("U", "hunter2")',
    '@env.sceure("U", "hunter2")',
    '@env.se"cure("U", "hunter2")',
    '@enb.secure("U", "hunter2")',
    '@nev.secure("U", "hunter2")',
    '@env.Secure("U", "hunter2")',
    '@env.securesecure("U", "hunter2")',
    '@ env.secure("U", "hunter2")',
    '$env.secure("U", "hunter2")',
    '${env.secure("U", "hunter2")',
    'env.secure("U", "hunter2")',
    '@secret"env:A") ?? "hunter2"',
    '@secret("env:A" ?? "hunter2"',
    '@secret("env:A")) ?? "hunter2"',
    '@secret("env:A") ? ? "hunter2"',
    '@secret("env:A")  "hunter2"',
    '@secret("env:A") ?? hunter2',
    '@secret("env:A") ?? “hunter2”',
    '@secret("env:A) ?? "hunter2"',
    '@secrets("env:A") ?? "hunter2"',
    '@se*cret("env:A") ?? "hunter2"',
    '@secr$et("env:A") ?? "hunter2"',
    '@seY"cret("env:A") ?? "hunter2"',
    '@encryp~ted("tusk:v1:abc") ?? "hunter2"',
    '@encryptd("tusk:v1:abc") ?? "hunter2"',
  ]) {
    assert.doesNotMatch(shown(`a: { b: ${line}`), /hunter2/);
    assert.ok(callsSecret(line), line);
  }
});

test("other calls, and words that are like these, are shown", () => {
  for (const line of [
    'a: @env("SECURE", "on"), secret: true',
    'a: @ref("secret.of.ours", "x")',
    'secure: "yes", env: "prod", name: "x"',
    "# the @secret of success is not encrypted",
    'a: @len("encrypted")',
  ])
    assert.equal(shown(line), line);
});

test("the key of a call is the one it stands behind", () => {
  for (const [line, keys] of [
    ['orders: { { run: "x", config: { api: @secret("env:A") } }', ["api"]],
    ['a: 1, "b": = @env.secure "B", c: @encrypted("tusk:v1:x', ["b", "c"]],
    ['a.api: @env:secure("U")', ["api"]],
    ['@env.secure("U")', []],
    ['"/x": { service: "a", method: "GET",  t @env.secure("U', ["t"]],
    ['"/x": { service: "a", method: "GET", secure("U', []],
    // Where entries have lines of their own, or nothing stands before it, the comma may be the mistake.
    ['api: "x", @env.secure("U")', ["api"]],
    ['x: { api: ,@env.secure("U"), b: 1 }', ["api"]],
    ['x: { api: @,env.secure("U"), b: 1 }', ["api"]],
    ['x: { api: ["a", @env.secure("U")] }', ["api"]],
  ] as const)
    assert.deepEqual(keysOfCalls(line), keys);
});
