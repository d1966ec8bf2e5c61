/** A registry that is killed, or whose disk is full. The long run of the first is `test/soak/registry-kill.test.ts`. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type HttpClient, httpClient } from "../../src/net/index.ts";
import { killRounds } from "../support/registry-kill.ts";
import { pauseRegistry } from "../support/registry-pause.ts";
import { tuskerProcess } from "../support/tusker-process.ts";

const seed = Number(process.env.TUSKER_KILL_SEED ?? 7);

test(`5 rounds of kill -9 under 8 clients: an order explains every answer (seed ${seed})`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-kill-"));
  const { operations, unheard } = await killRounds({ folder, rounds: 5, seed });
  assert.ok(operations > 50 && unheard > 0, `${operations} operations, ${unheard} of them unheard`);
  rmSync(folder, { recursive: true });
});

async function ask(http: HttpClient, method: string, url: string, body?: object | number) {
  const answer = await http.request({
    method,
    url,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text(10_000_000);
  return { status: answer.status, text, index: Number(answer.header("x-consul-index")) };
}

test("a full disk stops writes with the file and the cause; what is safe is answered, and is there afterwards", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-full-"));
  const bin = new URL("../../bin/tusker.js", import.meta.url).pathname;
  // The system refuses to let a file of this process grow past 64 KiB; without the trap it would end the process.
  const limited = ["sh", "-c", `trap '' XFSZ; ulimit -f 128; exec "$@"`, "sh", process.execPath, bin];
  const args = ["registry", "--json", "--port", "0", "--data-dir", folder];
  await using http = httpClient();
  await using small = tuskerProcess(args, { cwd: folder, command: limited });
  const url = String((await small.line((line) => typeof line.registry === "string")).registry);
  const register = (name: string) =>
    ask(http, "PUT", `${url}/v1/agent/service/register`, { Name: name, Meta: { fill: "x".repeat(400) } });
  const answered: string[] = [];
  for (let i = 0; i < 200; i++) {
    const said = await register(`s${i}`);
    if (said.status === 200) {
      answered.push(`s${i}`);
      continue;
    }
    assert.equal(said.status, 500);
    assert.match(said.text, /cannot write to .*registry\.db .*refuses writes until/);
    break;
  }
  assert.ok(answered.length < 200, "the disk was full at some point");
  assert.equal((await register("late")).status, 500);
  assert.equal((await ask(http, "GET", `${url}/v1/health/service/${answered[0]}`)).status, 200);
  assert.equal((await ask(http, "GET", `${url}/v1/status/leader`)).status, 200);
  assert.equal(
    (await ask(http, "GET", `${url}/v1/catalog/services`)).status,
    500,
    "it would show what is not safe",
  );
  await small.end();
  await using roomy = tuskerProcess(args, { cwd: folder });
  const again = String((await roomy.line((line) => typeof line.registry === "string")).registry);
  const found = JSON.parse((await ask(http, "GET", `${again}/v1/catalog/services`)).text) as object;
  assert.deepEqual(Object.keys(found).sort(), answered.sort());
  rmSync(folder, { recursive: true });
});

test("a registry that stood still for three seconds loses no write and no instance that beat meanwhile", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-pause-"));
  await pauseRegistry(folder, 3_000);
  rmSync(folder, { recursive: true });
});

test("a registry goes on as the process it was started as, with a small young generation", {
  skip: process.platform === "linux" ? false : "what a process was started with is read from /proc",
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-lean-"));
  await using registry = tuskerProcess(["registry", "--json", "--port", "0", "--data-dir", folder], {
    cwd: folder,
  });
  await registry.line((line) => typeof line.registry === "string");
  const command = readFileSync(`/proc/${registry.pid}/cmdline`, "utf8").split("\0");
  assert.ok(command.includes("--max-semi-space-size=2"), command.join(" "));
  assert.equal(await registry.end("SIGTERM"), 0);
  assert.deepEqual(registry.noise, []);
  rmSync(folder, { recursive: true });
});
