import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Control, type FleetView, startControl } from "../../src/control/index.ts";
import { loadFleet, type RunningFleet, startFleet } from "../../src/fleet/index.ts";
import { systemClock, systemRandom } from "../../src/kernel/index.ts";
import { until } from "../support/until.ts";

/** One real fleet for the questions of this file: a service that runs here, the gateway beside it. */
const folder = mkdtempSync(join(tmpdir(), "tusker-control-"));
const backend = createServer((_req, res) => res.end("ok"));
let fleet: RunningFleet;
let control: Control;
const opened = new AsyncDisposableStack();
let stops = 0;

before(async () => {
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  backend.listen(0, "127.0.0.1");
  opened.defer(() => {
    backend.closeAllConnections();
    backend.close();
  });
  await once(backend, "listening");
  const address = backend.address();
  assert.ok(typeof address === "object" && address !== null);
  writeFileSync(
    join(folder, "echo.js"),
    `console.log("echo starts"); process.on("SIGTERM", () => process.exit(0)); require("node:http").createServer((_, res) => res.end("{}")).listen(process.env.PORT, "127.0.0.1");`,
  );
  writeFileSync(
    join(folder, "tusker.tsk"),
    `[fleet]\nname: "control"\n[services]\nuser-service: "user-service-001:${address.port}"\necho-service: { run: "node echo.js", config: { password: @env.secure("NOPE", "hunter2") } }\n[gateway]\nport: 0\n[control]\nport: 0\n[grpc]\nport: 0\n[routes]\n"/users/*": { service: "user-service", method: ["GET", "POST"] }\n`,
  );
  const { settings } = loadFleet(join(folder, "tusker.tsk"), { env: {} });
  assert.ok(settings !== undefined);
  fleet = opened.use(await startFleet(settings, { clock: systemClock, random: systemRandom, anyPort: true }));
  control = opened.use(
    await startControl(fleet, {
      host: "127.0.0.1",
      port: 0,
      clock: systemClock,
      onStop: () => stops++,
    }),
  );
  await fleet.started;
});

after(() => opened.disposeAsync());

const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${control.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${control.token.reveal()}`, ...init.headers },
  });

test("nothing under /control is answered without the token, or with one that is not of this run", async () => {
  for (const headers of [{}, { authorization: "Bearer nonsense" }, { cookie: "tusker_token=a.b.c" }]) {
    const answer = await fetch(`${control.url}/control/fleet`, { headers });
    assert.equal(answer.status, 401);
    assert.equal(((await answer.json()) as { code: string }).code, "IDENTITY_TOKEN");
  }
});

test("the printed link gives the token as a cookie that scripts cannot read, and leaves no key in the address", async () => {
  const answer = await fetch(control.link, { redirect: "manual" });
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.get("location"), "/");
  const cookie = answer.headers.get("set-cookie") ?? "";
  assert.match(cookie, /HttpOnly; SameSite=Strict; Path=\/control\/$/);
  const signedIn = await fetch(`${control.url}/control/fleet`, {
    headers: { cookie: cookie.split(";")[0] ?? "" },
  });
  assert.equal(signedIn.status, 200);
  const guessed = await fetch(`${control.url}/?key=AAAAAAAAAAAAAAAAAAAAAA`, { redirect: "manual" });
  assert.equal(guessed.status, 401);
  assert.equal(guessed.headers.get("set-cookie"), null);
});

test("a page of a foreign site whose name points here is refused", async () => {
  const { port } = new URL(control.url);
  const asked = request({
    host: "127.0.0.1",
    port,
    path: "/control/fleet",
    headers: { host: `evil.example:${port}`, authorization: `Bearer ${control.token.reveal()}` },
  });
  asked.end();
  const [answer] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
  answer.resume();
  assert.equal(answer.statusCode, 403);
});

test("a page of another port may not use the cookie, our own may", async () => {
  for (const [site, status] of [
    ["same-site", 403],
    ["cross-site", 403],
    ["same-origin", 200],
  ] as const) {
    const { port } = new URL(control.url);
    const asked = request({
      host: "127.0.0.1",
      port,
      path: "/control/fleet",
      headers: { cookie: `tusker_token=${control.token.reveal()}`, "sec-fetch-site": site },
    });
    asked.end();
    const [answer] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
    answer.resume();
    assert.equal(answer.statusCode, status, site);
  }
});

test("the fleet is shown with states, addresses and routes, and without configuration", async () => {
  const answer = await ask("/control/fleet");
  const text = await answer.text();
  const view = JSON.parse(text) as FleetView;
  assert.equal(view.name, "control");
  assert.deepEqual(
    view.services.map((service) => [service.name, service.supervised, service.instances[0]?.state]),
    [
      ["user-service", false, undefined],
      ["echo-service", true, "ready"],
    ],
  );
  assert.deepEqual(view.routes, [{ path: "/users/*", methods: ["GET", "POST"], service: "user-service" }]);
  assert.match(view.gateway ?? "", /^http:\/\/localhost:\d+$/);
  assert.doesNotMatch(text, /hunter2|password/);
});

test("logs are given as they are, and go on as they come", async () => {
  const past = (await (await ask("/control/logs?service=echo-service")).json()) as { text: string }[];
  assert.deepEqual(
    past.map((line) => line.text),
    ["echo starts"],
  );
  const live = await ask("/control/logs?service=echo-service&follow=1");
  const reader = live.body?.getReader();
  assert.ok(reader !== undefined);
  assert.match(new TextDecoder().decode((await reader.read()).value), /echo starts/);
  assert.equal((await ask("/control/services/echo-service/restart", { method: "POST" })).status, 200);
  assert.match(new TextDecoder().decode((await reader.read()).value), /echo starts/);
  await reader.cancel();
});

test("events tell what happened and go on", async () => {
  const live = await ask("/control/events");
  assert.equal(live.headers.get("content-type"), "text/event-stream");
  const reader = live.body?.getReader();
  assert.ok(reader !== undefined);
  const decoder = new TextDecoder();
  let text = "";
  await fetch(`http://127.0.0.1:${fleet.gateway.ready?.port}/users/1`);
  while (!text.includes("event: spans"))
    text += decoder.decode((await reader.read()).value, { stream: true });
  assert.match(text, /^data: \{"type":"state"/);
  assert.match(text, /"type":"ready","service":"echo-service"/);
  await reader.cancel();
});

test("traces and dependencies come from the collector", async () => {
  await fetch(`http://127.0.0.1:${fleet.gateway.ready?.port}/users/1`);
  const list = await until("a trace", async () => {
    const found = (await (await ask("/control/traces?limit=5")).json()) as { traceId: string }[];
    return found.length > 0 ? found : undefined;
  });
  const one = await ask(`/control/traces/${list[0]?.traceId}`);
  assert.equal(one.status, 200);
  assert.equal((await ask(`/control/traces/${"0".repeat(31)}1`)).status, 404);
  assert.equal((await ask("/control/dependencies")).status, 200);
});

test("the gateway's metrics are there for Prometheus, without a token", async () => {
  await fetch(`http://127.0.0.1:${fleet.gateway.ready?.port}/users/1`);
  const answer = await fetch(`${control.url}/metrics`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  assert.match(text, /^# TYPE \w+ histogram$/m);
  assert.match(text, /\/users\/\*/);
});

test("limits that clients met are there for every server of this process", async () => {
  const long = "x".repeat(9_000);
  for (const base of [control.url, fleet.otlpUrl]) assert.equal((await fetch(`${base}/${long}`)).status, 414);
  const text = await (await fetch(`${control.url}/metrics`)).text();
  for (const room of ["control", "collector"])
    assert.match(
      text,
      new RegExp(`^tusker_${room}_connection_limits_total\\{limit="target_bytes"\\} 1$`, "m"),
    );
});

test("wrong questions are 400 or 404 with a code, never a stack", async () => {
  for (const [path, status, init] of [
    ["/control/nothing", 404, {}],
    ["/control/traces?limit=many", 400, {}],
    ["/control/logs?service=nobody", 404, {}],
    ["/control/services/nobody/stop", 404, { method: "POST" }],
    ["/control/fleet", 405, { method: "DELETE" }],
    ["/nothing.js", 404, {}],
  ] as const) {
    const answer = await ask(path, init);
    assert.equal(answer.status, status, path);
    const problem = (await answer.json()) as { code: string; detail: string };
    assert.match(problem.code, /^CONTROL_/);
  }
});

test("the fleet is asked to stop once somebody asks, and answers first", async () => {
  const answer = await ask("/control/fleet/stop", { method: "POST" });
  assert.equal(answer.status, 202);
  const { stopTimeoutMs, services } = fleet.settings;
  const own = services.filter((service) => service.run !== undefined).length;
  assert.deepEqual(await answer.json(), { stopping: true, limitMs: stopTimeoutMs * (own + 1) });
  assert.equal(stops, 1);
});
