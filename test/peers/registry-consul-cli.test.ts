/** The command line of the registry whose wire we speak, driving ours. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Secret, systemClock, systemRandom } from "../../src/kernel/index.ts";
import { type Registry, startRegistry } from "../../src/registry/index.ts";
import { skipWithoutPeer } from "../support/consul-peer.ts";
import { peerProgram } from "../support/peer-program.ts";
import { until } from "../support/until.ts";

const skip = skipWithoutPeer;
const program = peerProgram("consul") ?? "consul";
const log = { info: () => undefined, error: (message: string) => assert.fail(message) };
let registry: Registry;
let folder: string;

before(async () => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), "tusker-consul-cli-"));
  registry = await startRegistry({ port: 0, clock: systemClock, random: systemRandom, node: "box", log });
});

after(async () => {
  if (skip !== false) return;
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function environment(url: string, token?: string): NodeJS.ProcessEnv {
  const { CONSUL_HTTP_TOKEN: _token, ...rest } = process.env;
  return {
    ...rest,
    CONSUL_HTTP_ADDR: url.replace("http://", ""),
    ...(token === undefined ? {} : { CONSUL_HTTP_TOKEN: token }),
  };
}

function consul(words: readonly string[], env: NodeJS.ProcessEnv = environment(registry.url)): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(program, [...words], { env, timeout: 60_000 }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, out, err });
    });
  });
}

/** Runs it and expects it to be content. */
async function ok(...words: string[]): Promise<string> {
  const { code, out, err } = await consul(words);
  assert.equal(code, 0, `${words.join(" ")}: ${out}${err}`);
  return out;
}

test("services: registered from a file and from flags, listed, deregistered", { skip }, async () => {
  const file = join(folder, "web.hcl");
  const check = 'check { ttl = "60s" status = "passing" }';
  writeFileSync(
    file,
    `service { name = "web" id = "web1" port = 80 tags = ["v1"] meta { a = "b" } ${check} }`,
  );
  assert.match(await ok("services", "register", file), /Registered service: web/);
  await ok("services", "register", "-name=db", "-port=5432", "-address=10.0.0.1", "-tag=main");
  assert.deepEqual(
    (await ok("catalog", "services", "-tags")).split("\n").map((line) => line.split(/\s+/)),
    [["db", "main"], ["web", "v1"], [""]],
  );
  assert.match(await ok("catalog", "nodes", "-service=web"), /^box /m);
  assert.match(await ok("catalog", "nodes", "-detailed"), /lan=127\.0\.0\.1/);
  assert.equal((await ok("catalog", "datacenters")).trim(), "dc1");
  await ok("services", "deregister", "-id=db");
  await ok("services", "deregister", file);
  assert.equal(await ok("catalog", "services"), "");
});

test("kv: written, read in every form, compared, exported, deleted, imported", { skip }, async () => {
  await ok("kv", "put", "a/b", "hello");
  await ok("kv", "put", "-flags=42", "a/c", "there");
  assert.equal(await ok("kv", "get", "a/b"), "hello\n");
  assert.match(await ok("kv", "get", "-detailed", "a/c"), /^Flags +42$/m);
  assert.equal(await ok("kv", "get", "-recurse", "a/"), "a/b:hello\na/c:there\n");
  assert.equal(await ok("kv", "get", "-keys", "a/"), "a/b\na/c\n");
  const index = /^ModifyIndex +(\d+)$/m.exec(await ok("kv", "get", "-detailed", "a/b"))?.[1];
  const stale = await consul(["kv", "put", "-cas", "-modify-index=1", "a/b", "x"]);
  assert.deepEqual([stale.code, /CAS failed/.test(stale.err + stale.out)], [1, true]);
  await ok("kv", "put", "-cas", `-modify-index=${index}`, "a/b", "again");
  const file = join(folder, "kv.json");
  writeFileSync(file, await ok("kv", "export", "a/"));
  await ok("kv", "delete", "-recurse", "a/");
  assert.equal((await consul(["kv", "get", "a/b"])).code, 1);
  await ok("kv", "import", `@${file}`);
  assert.equal(await ok("kv", "get", "a/b"), "again\n");
});

test("lock: one at a time, whoever comes, and the child's exit code", { skip }, async () => {
  const file = join(folder, "held");
  writeFileSync(file, "");
  // Each says that it is in, waits a moment and says that it is out: two at once would be seen.
  const child = `echo in >> ${file}; sleep 0.1; echo out >> ${file}`;
  await Promise.all([1, 2, 3].map(() => ok("lock", "a/lock", child)));
  assert.equal(readFileSync(file, "utf8"), "in\nout\n".repeat(3));
  assert.equal((await consul(["lock", "-child-exit-code", "a/lock", "exit 3"])).code, 2);
  const sessions = await (await fetch(`${registry.url}/v1/session/list`)).json();
  assert.deepEqual(sessions, []);
});

test("lock -n=2 is a semaphore for two", { skip }, async () => {
  const runs = await Promise.all([1, 2, 3].map(() => consul(["lock", "-n=2", "a/semaphore", "sleep 0.1"])));
  assert.deepEqual(
    runs.map(({ code }) => code),
    [0, 0, 0],
  );
});

test("watch: hears of a change while it waits", { skip }, async () => {
  await ok("kv", "put", "watched", "one");
  const file = join(folder, "changes");
  writeFileSync(file, "");
  const args = ["watch", "-type=key", "-key=watched", `cat >> ${file}; echo >> ${file}`];
  const watch = spawn(program, args, { env: environment(registry.url), stdio: "ignore" });
  const values = (): string[] =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => Buffer.from(JSON.parse(line).Value, "base64").toString());
  await until("the first value", () => values().length > 0);
  await ok("kv", "put", "watched", "two");
  await until("the second value", () => values().length > 1);
  watch.kill("SIGKILL");
  await once(watch, "exit");
  assert.deepEqual(values(), ["one", "two"]);
});

for (const [type, words] of Object.entries({
  keyprefix: ["-prefix=a"],
  services: [],
  nodes: [],
  service: ["-service=web"],
  checks: ["-state=passing"],
  event: ["-name=deploy"],
})) {
  test(`watch: one look at ${type}`, { skip }, async () => {
    JSON.parse(await ok("watch", `-type=${type}`, ...words));
  });
}

test("event: fired and heard, with its payload", { skip }, async () => {
  assert.match(await ok("event", "-name=deploy", "payload"), /^Event ID: /);
  const heard = JSON.parse(await ok("watch", "-type=event", "-name=deploy"));
  assert.equal(Buffer.from(heard.at(-1).Payload, "base64").toString(), "payload");
});

test("members, info, maint: who is here and how", { skip }, async () => {
  assert.match(await ok("members"), /^box +127\.0\.0\.1:\d+ +alive +server/m);
  assert.match(await ok("info"), /leader = true/);
  await ok("maint", "-enable", "-reason=repair");
  assert.match(await ok("maint"), /Reason: +repair/);
  await ok("maint", "-disable");
  await ok("services", "register", "-name=web");
  await ok("maint", "-enable", "-service=web");
  assert.match(await ok("maint"), /ID: +web/);
  await ok("maint", "-disable", "-service=web");
});

test("a token goes by environment and by flag, and without one nothing is to be had", { skip }, async () => {
  const acl = {
    tokens: {
      ops: { secret: new Secret("ops-token"), management: true },
      app: { secret: new Secret("app-token"), key: { "app/*": "write" }, session: { "*": "write" } },
    },
  } as const;
  await using closed = await startRegistry({
    port: 0,
    clock: systemClock,
    random: systemRandom,
    log,
    acl,
  });
  const as = (token?: string) => environment(closed.url, token);
  const refused = await consul(["kv", "put", "app/x", "1"], as());
  assert.deepEqual([refused.code, /403 \(Permission denied\)/.test(refused.err + refused.out)], [1, true]);
  assert.equal((await consul(["kv", "put", "app/x", "1"], as("app-token"))).code, 0);
  assert.equal((await consul(["kv", "put", "other", "1"], as("app-token"))).code, 1);
  assert.equal((await consul(["kv", "get", "-token=ops-token", "app/x"], as())).out, "1\n");
  assert.equal((await consul(["lock", "app/lock", "true"], as("app-token"))).code, 1);
});
