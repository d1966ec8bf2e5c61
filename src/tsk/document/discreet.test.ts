import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Loaded, loadDocument, renderDiagnostics, withoutSecretFix } from "../index.ts";

const base = `#!tusker 1
pay: { stripe_key: @env.secure("STRIPE", "sk_test"), db: { "pass word": @secret("env:DB") }, unset: @secret("env:NONE") }
`;

/** Everything a report of these layers shows, to people and to machines. */
function shown(overlay: string, before = base): { readonly text: string; readonly loaded: Loaded } {
  const files: Readonly<Record<string, string>> = { "main.tsk": before, "main.local.tsk": overlay };
  const loaded = loadDocument({
    entry: "main.tsk",
    readFile: (path) => files[path],
    env: { DB: "correcthorse", OTHER: "c0rrect" },
  });
  const { diagnostics, document } = loaded;
  const machine = diagnostics.map((one) => withoutSecretFix(one, document.sources));
  return { text: renderDiagnostics(diagnostics, document.sources) + JSON.stringify(machine), loaded };
}

test("a line that cannot be read shows nothing behind the name of a key that is a secret in a lower layer", () => {
  for (const overlay of [
    "pay.stripe_key: sk_live hunter2",
    'pay.stripe_key "hunter2"',
    'pay.stripe_key: "hunter2',
    'pay: { stripe_key = = "hunter2" }',
    "pay.stripe_key: |hunter2|",
    'pay.stripe_kye: : "hunter2"',
    'pay.unset: "a" "hunter2"',
    'pay.db."pass word" : = hunter2',
    "pay.stripe_key: ]\n  hunter2 and more",
    '#!tusker 1\npay.stripe_key: """\nhunter2\n',
    "#!tusker 1\npay.stripe_key: hunter2",
    '#!tusker 1\npay.stripe_key: 5 + "hunter2"',
    "#!tusker 1\npay.stripe_key: hunter2.abc",
  ]) {
    const { text, loaded } = shown(overlay);
    assert.ok(
      loaded.diagnostics.some((one) => one.severity === "error"),
      overlay,
    );
    assert.doesNotMatch(text, /hunter2/, overlay);
  }
});

test("a name that says that it is a secret's needs no lower layer", () => {
  for (const line of [
    'password: "hunter2',
    "api_key = = hunter2",
    "github_token hunter2",
    'clientSecret: "a" hunter2',
  ])
    assert.doesNotMatch(shown(line, "a: 1\n").text, /hunter2/, line);
});

test("other lines are shown as they are, and so is the name of the key", () => {
  const { text } = shown('port: "80\npay.stripe_key "hunter2"\n');
  assert.match(text, /port: "80/);
  assert.match(text, /pay\.stripe_key\*+/);
});

test("no repair that is printed writes the default of a secret", () => {
  const { text, loaded } = shown("key: \"@env.secure('NONE', 'hunter2')\"\n");
  assert.doesNotMatch(text, /hunter2/);
  assert.match(
    loaded.diagnostics.map((one) => one.fix?.text).join(),
    /hunter2/,
    "what is run in place still has it",
  );
});

test("what belongs to a problem on the line below says nothing of what is hidden there", () => {
  assert.doesNotMatch(shown("\npay.stripe_key \nZq7hunter2xW\n").text, /hunter2/);
});

test("however a line is broken, plain text over a secret is not shown", () => {
  const noise = fc.string({ unit: fc.constantFrom(..."{}[]()<>:=,\"'`$@#|\\/*&%!?. \n"), maxLength: 6 });
  const line = fc
    .tuple(noise, noise, noise)
    .map(([a, b, c]) => `${a}\npay.stripe_key ${b}Zq7hunter2xW${c}\n`);
  fc.assert(
    fc.property(line, (overlay) => !shown(overlay).text.includes("Zq7hunter2xW")),
    { numRuns: 300 },
  );
});

test("a key whose letters a sign has parted, or that has lost one, is known again", () => {
  for (const line of [
    'pay.stripe key: "hunter2"',
    'pay.stripe,_key: "hunter2"',
    'pay.st=ripe_key: "hunter2"',
    'pay.s=ripe_key: "hunter2"',
    'pay.db.: "hunter2"',
    'pay: { db: {pass wo rd: "hunter2" } }',
  ])
    assert.doesNotMatch(shown(line).text, /hunter2/, line);
  assert.match(shown('pay.port number: "visible"').text, /visible/);
});

test("a call that a line end has cut in two shows no default", () => {
  for (const line of ['list: ["a", @env.se\ncure("L", "hunter2")]', 'a: @env.\n  secure("L", "hunter2")'])
    assert.doesNotMatch(shown("", line).text, /hunter2/, line);
});

test("the text of a secret is known where a slip has put it", () => {
  const overlay = 'pay.stripe_key: "Hunter2x"\n';
  for (const line of [
    '[serv"Hunter2x"ices]',
    'mail.Hunter2x"config: "x"',
    '"Hunter2x"name: "y"',
    'a: { b: [ "Hunter2x" }',
    // What the environment has is one, too.
    'port: "c0rrect"horse',
  ]) {
    const { text } = shown(`${overlay}${line}\n`, `${base}c: @secret("env:OTHER")\n`);
    assert.doesNotMatch(text, /Hunter2x|c0rrect"/, line);
  }
  assert.match(shown(`${overlay}a: { b: [ "Hunter3x" }\n`).text, /Hunter3x/);
});

test("the rest of a secret over several lines is not shown, however its quotes are torn", () => {
  for (const overlay of [
    '#!tusker 1\npay.stripe_key: """\n  hunter2 one\n  b: hunter2\n""\n',
    '#!tusker 1\npay: {\n  stripe_key: ""\n    hunter2 one\n    two hunter2\n    """\n}\n',
    '#!tusker 1\npay.stripe_key: "\nhunter2\nmore hunter2"\n',
    "pay.stripe_key:\n\n{\nhunter2 x\n",
    "pay.stripe_key \n${\nhunter2\n",
    "pay.stripe_key =\n|hunter2{\n",
  ])
    assert.doesNotMatch(shown(overlay).text, /hunter2/, overlay);
});

test("what a layer writes over a secret whose line cannot be read is one in the document, too", () => {
  const { loaded } = shown(
    'pay.stripe_key: "hunter2"\npay.port: 5\n',
    '#!tusker 1\npay: {\n  stripe_key: = @env.secure("S")\n  port: 4\n}\n',
  );
  assert.equal(JSON.stringify(loaded.document.value), '{"pay":{"port":5,"stripe_key":"[secret]"}}');
  assert.doesNotMatch(JSON.stringify(loaded.document.origin(["pay", "stripe_key"])), /hunter2/);
});

test("a private key is not shown wherever it stands", () => {
  const key = "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----";
  for (const line of [key, `cert: "${key}`, `${key}\n${key}`])
    assert.doesNotMatch(shown(`${line}\nport = = 5\n`, "a: 1\n").text, /hunter2/, line);
});

test("a word that names nothing is as secret as what it would cover", () => {
  const before = '#!tusker 1\n$k: @env.secure("K", "x")\npay: { url: "x-${$k}" }\n';
  assert.doesNotMatch(shown("#!tusker 1\npay.url: hunter2\n", before).text, /hunter2/);
});

test("an override that is no path=value does not show what stands behind a name like that of a secret", () => {
  const loaded = loadDocument({
    entry: "main.tsk",
    readFile: () => "#!tusker 1\n",
    sets: ['a.password "hunter2"', "a.b"],
  });
  const { diagnostics, document } = loaded;
  assert.equal(diagnostics.length, 2);
  assert.doesNotMatch(
    renderDiagnostics(diagnostics, document.sources) + JSON.stringify(diagnostics),
    /hunter2/,
  );
});
