import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { root, type TestFleet, upFleet } from "../support/fleet.ts";

function example(name: string): Promise<TestFleet> {
  return upFleet({ file: join(root, "examples/gateway", `${name}.tsk`) });
}

async function greeting(fleet: TestFleet, headers: Readonly<Record<string, string>>): Promise<string> {
  const answer = await fetch(`${fleet.gateway}/hello/ada`, { headers });
  const { text } = (await answer.json()) as { text: string };
  return text;
}

test("canary: a header chooses the new version, a few users in a hundred get it and keep it", async () => {
  await using fleet = await example("canary");
  assert.equal(await greeting(fleet, { "X-Canary": "always" }), "Good day, ada!");
  const first: string[] = [];
  for (let user = 0; user < 100; user++) first.push(await greeting(fleet, { "X-User": `user ${user}` }));
  const fortunate = first.flatMap((text, user) => (text.startsWith("Good") ? [user] : []));
  assert.ok(fortunate.length > 0 && fortunate.length < 20, `${fortunate.length} of 100`);
  for (const user of fortunate)
    assert.equal(await greeting(fleet, { "X-User": `user ${user}` }), "Good day, ada!");
});

test("retry with budget: a service that fails now and then, and clients that do not notice", async () => {
  await using fleet = await example("retry-budget");
  const attempts: number[] = [];
  for (let i = 0; i < 30; i++) {
    const answer = await fetch(`${fleet.gateway}/mood`);
    assert.equal(answer.status, 200, `request ${i + 1}`);
    attempts.push(((await answer.json()) as { attempt: number }).attempt);
  }
  assert.ok(
    attempts.some((attempt) => attempt > 1),
    attempts.join(" "),
  );
});

test("rate limit by API key: three a minute each, and nobody without a key", async () => {
  await using fleet = await example("rate-limit");
  const ask = (key?: string) =>
    fetch(`${fleet.gateway}/hello/ada`, { headers: key === undefined ? {} : { "X-API-Key": key } });
  assert.equal((await ask()).status, 401);
  assert.equal((await ask("guessed")).status, 401);
  for (let left = 2; left >= 0; left--) {
    const answer = await ask("acme-demo-key");
    assert.equal(answer.status, 200);
    assert.equal(((await answer.json()) as { consumer: string }).consumer, "acme");
    assert.match(answer.headers.get("ratelimit") ?? "", new RegExp(`;r=${left};`));
  }
  const refused = await ask("acme-demo-key");
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get("retry-after")) >= 1);
  assert.equal((await ask("umbrella-demo-key")).status, 200);
});

test("websocket: the service tells, for as long as the client listens", async () => {
  await using fleet = await example("websocket");
  const socket = new WebSocket(`${fleet.gateway.replace("http", "ws")}/time`);
  const [first] = await once(socket, "message");
  assert.ok(!Number.isNaN(Date.parse(first.data)), String(first.data));
  const closed = once(socket, "close");
  socket.send("enough");
  await closed;
});
