/** Leases over real connections, held by real processes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { type Bench, bench } from "./fixture.test.ts";

const lease = "/v1/tusker/lease/a";

/** Opens a lease on a connection of its own and waits for its first line. */
async function held(t: Bench, body: string = "") {
  const request = httpRequest(`${t.registry.url}${lease}`, { method: "PUT", agent: false });
  request.on("error", () => undefined);
  request.end(body);
  const [response] = await once(request, "response");
  response.on("error", () => undefined);
  const [first] = await once(response, "data");
  return { status: response.statusCode, first: String(first), response, cut: () => request.destroy() };
}

const statusOf = (t: Bench): string | undefined => t.registry.instances()[0]?.status;

test("an instance is critical the moment its connection goes, and well when it comes back", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", { ID: "a", Name: "web" });
  const one = await held(t);
  assert.deepEqual([one.status, JSON.parse(one.first)], [200, { CheckID: "lease:a" }]);
  assert.equal(statusOf(t), "passing");
  one.cut();
  await t.until(() => statusOf(t) === "critical");
  const two = await held(t);
  assert.equal(statusOf(t), "passing");
  two.cut();
});

test("a process that is killed is missed, whatever it was doing", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", { ID: "a", Name: "web" });
  const script = `const r = require("node:http").request("${t.registry.url}${lease}", { method: "PUT" }, (s) => {
    s.once("data", () => console.log("held"));
  }); r.end(); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  assert.equal(statusOf(t), "passing");
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await t.until(() => statusOf(t) === "critical");
});

test("who takes a lease over ends the one before, without a moment of absence", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", { ID: "a", Name: "web" });
  const one = await held(t);
  const before = await t.index("/v1/health/service/web");
  const ended = once(one.response, "end");
  const two = await held(t);
  await ended;
  one.cut();
  assert.equal((await t.ask("GET", "/v1/status/leader")).status, 200);
  assert.equal(await t.index("/v1/health/service/web"), before);
  assert.equal(statusOf(t), "passing");
  two.cut();
});

test("it says now and then that the registry is there, and ends with its instance", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", { ID: "a", Name: "web" });
  const one = await held(t);
  const beat = once(one.response, "data");
  t.clock.advance(10_000);
  assert.equal(String((await beat)[0]), "\n");
  const ended = once(one.response.resume(), "end");
  await t.put("/v1/agent/service/deregister/a");
  await ended;
  assert.deepEqual(t.registry.instances(), []);
});

test("one that nobody holds for long takes its instance along, if that was asked for", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", { ID: "a", Name: "web" });
  const one = await held(t, JSON.stringify({ DeregisterCriticalServiceAfter: "90s" }));
  one.cut();
  await t.until(() => statusOf(t) === "critical");
  t.clock.advance(89_999);
  assert.equal(t.registry.instances().length, 1);
  t.clock.advance(1);
  await t.until(() => t.registry.instances().length === 0);
});

test("an instance nobody registered has no lease, and there are not endlessly many", async () => {
  await using t = await bench({ maxWaiting: 1 });
  const answer = await t.ask("PUT", lease);
  assert.deepEqual([answer.status, answer.text], [404, "unknown service ID: a"]);
  await t.put("/v1/agent/service/register", { ID: "a", Name: "web" });
  await t.put("/v1/agent/service/register", { ID: "b", Name: "web" });
  const one = await held(t);
  assert.equal((await t.ask("PUT", "/v1/tusker/lease/b")).status, 429);
  assert.equal((await t.ask("PUT", lease, '{"Bogus":1}')).status, 400);
  one.cut();
});
