/** A registry that stands still for a while, as on a laptop that sleeps, and then goes on as if nothing had been. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/kernel/index.ts";
import { type HttpClient, httpClient } from "../../src/net/index.ts";
import { tuskerProcess } from "./tusker-process.ts";

const ttlMs = 2_000;

/**
 * One instance that beats, one that does not, a write and a question that arrive while the registry stands still.
 *
 * @throws AssertionError when something was lost, or told of an instance that beat all the time
 */
export async function pauseRegistry(folder: string, pauseMs: number): Promise<void> {
  await using http = httpClient();
  await using registry = tuskerProcess(["registry", "--json", "--port", "0", "--data-dir", folder], {
    cwd: folder,
  });
  const url = String((await registry.line((line) => typeof line.registry === "string")).registry);
  for (const id of ["beats", "silent"]) await register(http, url, id);
  const first = await ask(http, "GET", `${url}/v1/health/state/any`);
  using _beats = beating(http, url);
  process.kill(registry.pid, "SIGSTOP");
  const late = ask(http, "PUT", `${url}/v1/kv/late`, "written to a registry that stood still");
  const question = ask(http, "GET", `${url}/v1/health/checks/beats?index=${first.index}&wait=1s`);
  await systemClock.sleep(pauseMs);
  process.kill(registry.pid, "SIGCONT");

  assert.deepEqual([(await late).status, (await late).text], [200, "true"]);
  const answered = await question;
  assert.equal(answered.status, 200);
  assert.equal(statusOf(answered.text), "passing", "told critical for a beat that it did not hear itself");
  assert.equal(
    (await ask(http, "GET", `${url}/v1/kv/late?raw`)).text,
    "written to a registry that stood still",
  );
  const silent = await ask(http, "GET", `${url}/v1/health/checks/silent?index=${first.index}&wait=60s`);
  assert.equal(statusOf(silent.text), "critical", "one that is silent is missed all the same");
  assert.ok(silent.index > first.index, "an index went backwards");
  const beats = await ask(http, "GET", `${url}/v1/health/checks/beats`);
  assert.equal(statusOf(beats.text), "passing");
  assert.ok(beats.index <= first.index, "the status of an instance that beat all the time has changed");
}

/** Beats four times a TTL, whether answered or not, as a client does. */
function beating(http: HttpClient, url: string): Disposable {
  let ended = false;
  const run = async (): Promise<void> => {
    while (!ended) {
      void ask(http, "PUT", `${url}/v1/agent/check/pass/service:beats`).catch(() => {});
      await systemClock.sleep(ttlMs / 4);
    }
  };
  void run();
  return {
    [Symbol.dispose]() {
      ended = true;
    },
  };
}

async function register(http: HttpClient, url: string, id: string): Promise<void> {
  const body = { ID: id, Name: id, Check: { TTL: `${ttlMs}ms`, Status: "passing" } };
  const said = await ask(http, "PUT", `${url}/v1/agent/service/register`, JSON.stringify(body));
  assert.equal(said.status, 200, said.text);
}

function statusOf(text: string): string | undefined {
  return (JSON.parse(text) as { Status: string }[])[0]?.Status;
}

async function ask(http: HttpClient, method: string, url: string, body?: string) {
  const answer = await http.request({
    method,
    url,
    headTimeoutMs: 600_000,
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.text(1_000_000);
  return { status: answer.status, text, index: Number(answer.header("x-consul-index") ?? 0) };
}
