import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, systemRandom } from "../kernel/index.ts";
import { httpClient, type ServerExchange, serveHttp1 } from "../net/index.ts";
import { holdLease } from "./lease.ts";

const quiet = { info: () => undefined, warn: () => undefined };

function lease(url: string, http: ReturnType<typeof httpClient>, signal: AbortSignal): Promise<boolean> {
  return holdLease("a b", { url, http, clock: systemClock, random: systemRandom, log: quiet }, signal);
}

test("where there are no leases, it says so at once", async () => {
  await using server = await serveHttp1((x) => x.respond({ status: 404 }), { port: 0 });
  await using http = httpClient();
  assert.equal(await lease(`http://127.0.0.1:${server.port}`, http, new AbortController().signal), false);
});

test("a lease that broke is taken again, until the signal fires", async () => {
  const asked: string[] = [];
  const third = Promise.withResolvers<void>();
  const over = new AbortController();
  const answer = (x: ServerExchange): Promise<void> => {
    asked.push(`${x.method} ${x.target}`);
    if (asked.length === 1) return x.respond({ status: 200, body: "{}\n" });
    if (asked.length === 2) return x.respond({ status: 404, body: "unknown service ID: a b" });
    third.resolve();
    const held = async function* () {
      yield Buffer.from("{}\n");
      await new Promise((resolve) => x.signal.addEventListener("abort", resolve));
    };
    return x.respond({ status: 200, body: held() }).catch(() => undefined);
  };
  await using server = await serveHttp1(answer, { port: 0 });
  await using http = httpClient();
  const holding = lease(`http://127.0.0.1:${server.port}`, http, over.signal);
  await third.promise;
  over.abort();
  assert.equal(await holding, true);
  assert.deepEqual(asked, new Array(3).fill("PUT /v1/tusker/lease/a%20b"));
});
