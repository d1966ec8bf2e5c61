/** A registry that stands still for a while, as on a laptop that sleeps, and then goes on as if nothing had been. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../src/kernel/index.ts";
import { type HttpClient, httpClient } from "../../src/net/index.ts";
import { tuskerProcess } from "./tusker-process.ts";

const ttlMs = 2_000;

/** Beats further apart than this say nothing of who hears them. */
const mostGapMs = ttlMs * 0.75;

/**
 * One instance that beats, one that does not, a write and a question that arrive while the registry stands still.
 *
 * @throws AssertionError when something was lost, or told of an instance that beat all the time; or when it was each of
 *   three times, but this process was held up and did not beat
 */
export async function pauseRegistry(folder: string, pauseMs: number): Promise<void> {
  const doubts: string[] = [];
  while (doubts.length < 3) {
    const doubt = await pausedOnce(folder, join(folder, `${doubts.length}`), pauseMs);
    if (doubt === undefined) return;
    doubts.push(doubt);
  }
  assert.fail(doubts.join("; "));
}

/** What went wrong while this process was held up itself, so that nothing follows from it; undefined when all is right. */
async function pausedOnce(cwd: string, dataDir: string, pauseMs: number): Promise<string | undefined> {
  await using http = httpClient();
  await using registry = tuskerProcess(["registry", "--json", "--port", "0", "--data-dir", dataDir], { cwd });
  const url = String((await registry.line((line) => typeof line.registry === "string")).registry);
  const startMs = systemClock.now();
  for (const id of ["beats", "silent"]) await register(http, url, id);
  const first = await ask(http, "GET", `${url}/v1/health/state/any`);
  const setUpMs = systemClock.now() - startMs;
  if (setUpMs > mostGapMs) return `two registrations took ${Math.round(setUpMs)} ms`;
  using beats = beating(http, url);
  process.kill(registry.pid, "SIGSTOP");
  const late = ask(http, "PUT", `${url}/v1/kv/late`, "written to a registry that stood still");
  const question = ask(http, "GET", `${url}/v1/health/checks/beats?index=${first.index}&wait=1s`);
  await systemClock.sleep(pauseMs);
  process.kill(registry.pid, "SIGCONT");

  assert.deepEqual([(await late).status, (await late).text], [200, "true"]);
  const answered = await question;
  assert.equal(answered.status, 200);
  const told = statusOf(answered.text);
  assert.equal(
    (await ask(http, "GET", `${url}/v1/kv/late?raw`)).text,
    "written to a registry that stood still",
  );
  const silent = await ask(http, "GET", `${url}/v1/health/checks/silent?index=${first.index}&wait=60s`);
  assert.equal(statusOf(silent.text), "critical", "one that is silent is missed all the same");
  assert.ok(silent.index > first.index, "an index went backwards");
  const last = await ask(http, "GET", `${url}/v1/health/checks/beats`);
  const gapMs = beats.mostApartMs();
  const lost = [told, statusOf(last.text)].some((status) => status !== "passing") || last.index > first.index;
  assert.ok(
    !lost || gapMs > mostGapMs,
    "told of an instance that beat all the time, when it was not there to hear it",
  );
  return lost ? `it was missed, and its beats were ${Math.round(gapMs)} ms apart` : undefined;
}

/** Beats four times a TTL, whether answered or not, as a client does; tells how far apart two beats were at most. */
function beating(http: HttpClient, url: string): Disposable & { mostApartMs(): number } {
  let ended = false;
  let beatMs = systemClock.now();
  let apartMs = 0;
  const sinceMs = (): number => systemClock.now() - beatMs;
  const run = async (): Promise<void> => {
    while (!ended) {
      apartMs = Math.max(apartMs, sinceMs());
      beatMs = systemClock.now();
      void ask(http, "PUT", `${url}/v1/agent/check/pass/service:beats`).catch(() => {});
      await systemClock.sleep(ttlMs / 4);
    }
  };
  void run();
  return {
    mostApartMs: () => Math.max(apartMs, sinceMs()),
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
