import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { once } from "node:events";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { manualClock, seededRandom } from "../kernel/index.ts";
import {
  type Ask,
  ask,
  bench,
  endpoint,
  type Reply,
  rawService,
  requestOn,
  service,
  test,
  until,
} from "./fixture.test.ts";

/** A service that answers with what it saw. */
function mirrorOfItself(name = "") {
  return service(async (exchange) => {
    const body = new TextDecoder().decode(await exchange.bytes(1_000_000));
    const { method, target, headers } = exchange;
    await exchange.respond({
      status: 200,
      headers: ["Content-Type", "application/json"],
      body: JSON.stringify({ name, method, target, headers, body }),
    });
  });
}

test("no path makes a redirect lead to a host that whoever asks has chosen", async () => {
  await using front = await bench({
    routes: { "/*": { redirect: { to: "/{path}" } }, "/at/{name}": { redirect: { to: "/{name}{path}" } } },
  });
  for (const [path, location] of [
    ["/evil.test/a", "/evil.test/a"],
    ["//evil.test/a", "/evil.test/a"],
    ["/at/x", "/x/at/x"],
  ] as const)
    assert.equal((await ask(front.port, path)).header("location"), location);
});

test("a redirect fills in host, path, query and parameters", async () => {
  await using front = await bench({
    routes: {
      "/old/{id}": { redirect: { to: "/new/{id}{query}", status: 301 } },
      "/written/{id}": { redirect: { to: "/new/{id}?{query}" } },
      "/behind/{id}": { redirect: { to: "/new?id={id}&{query}" } },
      "/*": { redirect: { to: "https://{host}{path}{query}" } },
    },
  });
  const old = await ask(front.port, "/old/7?x=1");
  assert.deepEqual([old.status, old.header("location")], [301, "/new/7?x=1"]);
  for (const [target, to] of [
    ["/written/7?x=1", "/new/7?x=1"],
    ["/written/7", "/new/7"],
    ["/behind/7?x=1", "/new?id=7&x=1"],
  ] as const)
    assert.equal((await ask(front.port, target)).header("location"), to);
  const rest = await ask(front.port, "/a/b?c", { headers: ["Host", "shop.example"] });
  assert.deepEqual([rest.status, rest.header("location")], [308, "https://shop.example/a/b?c"]);
});

test("letters beyond ASCII go into an address as it has them", async () => {
  await using users = await mirrorOfItself();
  await using front = await bench({
    routes: {
      "/old": { redirect: { to: "/größe?q=日" } },
      "/a": { service: "users", add_prefix: "/käse" },
    },
    endpoints: [endpoint(users.port)],
  });
  assert.equal((await ask(front.port, "/old")).header("location"), "/gr%C3%B6%C3%9Fe?q=%E6%97%A5");
  assert.equal(JSON.parse((await ask(front.port, "/a")).body).target, "/k%C3%A4se/a");
});

test("a fixed answer, with fields of its own, and without a body where there is none", async () => {
  await using front = await bench({
    routes: {
      "/robots.txt": { answer: { body: "User-agent: *", headers: { "Cache-Control": "max-age=60" } } },
      "/gone": { answer: { status: 204, body: "ignored" } },
    },
  });
  const robots = await ask(front.port, "/robots.txt");
  assert.deepEqual(
    [robots.status, robots.body, robots.header("cache-control"), robots.header("content-type")],
    [200, "User-agent: *", "max-age=60", "text/plain; charset=utf-8"],
  );
  const gone = await ask(front.port, "/gone");
  assert.deepEqual([gone.status, gone.body], [204, ""]);
});

test("host, fields and query choose among routes of one path", async () => {
  const said = (body: string, more: object = {}): object => ({ answer: { body }, ...more });
  await using front = await bench({
    routes: {
      "/x": [
        said("any"),
        said("host", { host: "shop.example" }),
        said("wild", { host: "*.example" }),
        said("canary", { headers: { "X-Canary": "always" } }),
        said("version", { query: { v: "~[0-9]+" } }),
        said("both", { headers: { "x-canary": "always" }, query: { v: "*" } }),
      ],
    },
  });
  const met = async (target: string, ...headers: string[]): Promise<string> =>
    (await ask(front.port, target, { headers: ["Host", "other.test", ...headers] })).body;
  const at = async (host: string): Promise<string> =>
    (await ask(front.port, "/x", { headers: ["Host", host] })).body;
  assert.equal(await met("/x"), "any");
  assert.equal(await met("/x", "X-Canary", "always"), "canary");
  assert.equal(await met("/x", "X-Canary", "never"), "any");
  assert.equal(await met("/x?v=12"), "version");
  assert.equal(await met("/x?v=a"), "any");
  assert.equal(await met("/x?v=a", "X-Canary", "always"), "both");
  assert.equal(await at("SHOP.example:8080"), "host");
  assert.equal(await at("a.b.example"), "wild");
});

test("a prefix is put in front, fields are rewritten both ways, and framing is not the file's to change", async () => {
  await using users = await service((exchange) =>
    exchange.respond({
      status: 200,
      headers: [
        "Server",
        "secret/1.0",
        "X-Seen",
        `${exchange.target} ${exchange.header("x-env")} ${exchange.header("accept")}`,
      ],
      body: "ok",
    }),
  );
  await using front = await bench({
    routes: {
      "/api/*": {
        service: "users",
        strip_prefix: "/api",
        add_prefix: "/v2",
        request_headers: { set: { "X-Env": "test" }, remove: ["Accept"] },
        response_headers: { remove: ["Server"], add: { "X-Frame-Options": "DENY" } },
      },
    },
    endpoints: [endpoint(users.port)],
  });
  const reply = await ask(front.port, "/api/users?a=b", {
    headers: ["Accept", "text/html", "X-Env", "prod"],
  });
  assert.equal(reply.header("x-seen"), "/v2/users?a=b test undefined");
  assert.deepEqual(
    [reply.header("server"), reply.header("x-frame-options"), reply.header("content-length"), reply.body],
    [undefined, "DENY", "2", "ok"],
  );
});

test("requests are split by weight, and equal keys stay with one version", async () => {
  await using one = await mirrorOfItself("one");
  await using two = await mirrorOfItself("two");
  await using front = await bench({
    routes: {
      "/random": { services: { one: 1, two: 0 } },
      "/keyed": { services: { one: 50, two: 50 }, hash: "header:x-user" },
    },
    endpoints: [endpoint(one.port, "a", "one"), endpoint(two.port, "b", "two")],
  });
  assert.equal(JSON.parse((await ask(front.port, "/random")).body).name, "one");
  const seen = new Set<string>();
  for (let user = 0; user < 12; user++) {
    const headers = ["X-User", `user ${user}`];
    const first = JSON.parse((await ask(front.port, "/keyed", { headers })).body).name;
    const second = JSON.parse((await ask(front.port, "/keyed", { headers })).body).name;
    assert.equal(first, second);
    seen.add(first);
  }
  assert.equal(seen.size, 2);
});

test("a mirror gets a copy with its body, and what it does reaches nobody", async () => {
  await using users = await mirrorOfItself();
  await using shadow = await rawService((socket) => socket.destroy());
  const copies: string[] = [];
  await using copied = await service(async (exchange) => {
    copies.push(
      `${exchange.method} ${exchange.target} ${exchange.header("x-tusker-mirror")} ${await exchange.bytes(100)}`,
    );
    await exchange.respond({ status: 500 });
  });
  await using front = await bench({
    routes: {
      "/a": { service: "users", mirror: { service: "copy" } },
      "/b": { service: "users", mirror: { service: "broken" } },
    },
    endpoints: [
      endpoint(users.port),
      endpoint(copied.port, "c", "copy"),
      endpoint(shadow.port, "s", "broken"),
    ],
  });
  const reply = await ask(front.port, "/a?x=1", { method: "POST", body: "hello" });
  assert.equal(JSON.parse(reply.body).body, "hello");
  await until(() => copies.length === 1);
  assert.deepEqual(copies, ["POST /a?x=1 1 hello"]);
  assert.equal((await ask(front.port, "/b")).status, 200);
  await until(() => front.metric('tusker_gateway_mirrored_total{service="broken",outcome="failed"}') === 1);
  assert.equal(front.metric('tusker_gateway_mirrored_total{service="copy",outcome="failed"}'), 1);
});

test("a mirror that hangs holds nobody up, and gets no more than 64 copies at once", async () => {
  await using users = await mirrorOfItself();
  await using hangs = await rawService(() => {});
  await using front = await bench({
    routes: { "/a": { service: "users", mirror: { service: "copy" } } },
    endpoints: [endpoint(users.port), endpoint(hangs.port, "c", "copy")],
  });
  for (let i = 0; i < 70; i++) assert.equal((await ask(front.port, "/a")).status, 200);
  assert.equal(front.metric('tusker_gateway_mirrored_total{service="copy",outcome="dropped"}'), 6);
});

test("a body too long to be kept is not copied without it, and is counted", async () => {
  await using users = await mirrorOfItself();
  let copies = 0;
  await using copied = await service((exchange) => {
    copies++;
    return exchange.respond({ status: 200 });
  });
  await using front = await bench({
    routes: { "/a": { service: "users", mirror: { service: "copy" } } },
    endpoints: [endpoint(users.port), endpoint(copied.port, "c", "copy")],
  });
  const long = await ask(front.port, "/a", { method: "POST", body: "x".repeat(70_000) });
  assert.equal(JSON.parse(long.body).body.length, 70_000);
  await until(() => front.metric('tusker_gateway_mirrored_total{service="copy",outcome="dropped"}') === 1);
  assert.equal((await ask(front.port, "/a", { method: "POST", body: "short" })).status, 200);
  await until(() => copies === 1);
  assert.equal(front.metric('tusker_gateway_mirrored_total{service="copy",outcome="failed"}'), 0);
});

test("a delay on purpose takes no more than the time a request has", async () => {
  const clock = manualClock();
  await using users = await mirrorOfItself();
  await using front = await bench({
    clock,
    routes: { "/a": { service: "users", timeout: "1s", fault: { delay: "1h" } } },
    endpoints: [endpoint(users.port)],
  });
  const asked = ask(front.port, "/a");
  await until(() => front.metric('tusker_gateway_faults_total{route="/a",kind="delay"}') === 1);
  clock.advance(1_000);
  const late = await asked;
  assert.deepEqual(
    [late.status, late.code, late.header("x-tusker-fault")],
    [504, "GATEWAY_TIMEOUT", "delay=3600000ms"],
  );
});

test("a preflight is answered before anybody asks who the page is; the answer itself says who may read it", async () => {
  await using users = await mirrorOfItself();
  await using front = await bench({
    routes: {
      "/a": {
        service: "users",
        method: "PUT",
        auth: ["key"],
        cors: { origins: ["https://shop.example"], credentials: true, expose: ["X-Total"] },
      },
    },
    gateway: { api_keys: { acme: [keyHash("k")] } },
    endpoints: [endpoint(users.port)],
  });
  const preflight = await ask(front.port, "/a", {
    method: "OPTIONS",
    headers: [
      "Origin",
      "https://shop.example",
      "Access-Control-Request-Method",
      "PUT",
      "Access-Control-Request-Headers",
      "x-api-key",
    ],
  });
  assert.deepEqual(
    [
      preflight.status,
      preflight.header("access-control-allow-origin"),
      preflight.header("access-control-allow-methods"),
      preflight.header("access-control-allow-headers"),
      preflight.header("access-control-max-age"),
      preflight.header("vary"),
    ],
    [204, "https://shop.example", "PUT", "x-api-key", "600", "Origin"],
  );
  const stranger = await ask(front.port, "/a", {
    method: "OPTIONS",
    headers: ["Origin", "https://evil.example", "Access-Control-Request-Method", "PUT"],
  });
  assert.equal(stranger.header("access-control-allow-origin"), undefined);
  const own = await ask(front.port, "/a", {
    method: "PUT",
    headers: ["Origin", "https://shop.example", "X-API-Key", "k"],
  });
  assert.deepEqual(
    [own.status, own.header("access-control-allow-credentials"), own.header("access-control-expose-headers")],
    [200, "true", "X-Total"],
  );
  const refused = await ask(front.port, "/a", { method: "PUT", headers: ["Origin", "https://shop.example"] });
  assert.deepEqual(
    [refused.status, refused.header("access-control-allow-origin")],
    [401, "https://shop.example"],
  );
});

test("answers are compressed as the client likes it, and left alone where that would do harm", async () => {
  const text = "the same again and again. ".repeat(200);
  await using users = await service((exchange) => {
    const type = exchange.target === "/image" ? "image/png" : "text/plain";
    const more = exchange.target === "/fixed" ? ["Cache-Control", "no-transform"] : [];
    return exchange.respond({
      status: 200,
      headers: ["Content-Type", type, "ETag", '"v1"', ...more],
      body: text,
    });
  });
  await using front = await bench({
    gateway: { compress: true },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const decoders = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };
  for (const [accepted, coding] of [
    ["gzip", "gzip"],
    ["gzip;q=0.5, br", "br"],
    ["gzip, deflate, br, zstd", "zstd"],
  ] as const) {
    const reply = await ask(front.port, "/text", { headers: ["Accept-Encoding", accepted] });
    assert.equal(reply.header("content-encoding"), coding);
    assert.deepEqual(
      [reply.header("etag"), reply.header("vary"), reply.header("content-length")],
      ['W/"v1"', "Accept-Encoding", undefined],
    );
    assert.equal(decoders[coding](Buffer.from(reply.body, "latin1")).toString(), text);
  }
  for (const [target, accepted] of [
    ["/text", "gzip;q=0, identity"],
    ["/image", "gzip"],
    ["/fixed", "gzip"],
  ] as const) {
    const reply = await ask(front.port, target, { headers: ["Accept-Encoding", accepted] });
    assert.deepEqual(
      [reply.header("content-encoding"), reply.header("etag"), reply.body],
      [undefined, '"v1"', text],
    );
  }
});

test("a route says what is tried again", async () => {
  let asked = 0;
  await using users = await service((exchange) =>
    exchange.respond({ status: [503, 429, 200][asked++ % 3] ?? 200 }),
  );
  await using front = await bench({
    routes: {
      "/never": { service: "users", retries: 3, retry_on: ["connect"] },
      "/all": { service: "users", retries: 3, retry_on: ["503", "429"] },
    },
    endpoints: [endpoint(users.port)],
    breaker: "off",
  });
  assert.equal((await ask(front.port, "/never")).status, 503);
  asked = 0;
  assert.equal((await ask(front.port, "/all")).status, 200);
  assert.equal(asked, 3);
});

test("clients come back to the instance they were at, by a cookie that says nothing of it", async () => {
  await using one = await mirrorOfItself("one");
  await using two = await mirrorOfItself("two");
  await using front = await bench({
    gateway: { balance: "round_robin" },
    routes: { "/*": { service: "users", sticky: { cookie: "node", ttl: "1m" } } },
    endpoints: [endpoint(one.port, "instance-one"), endpoint(two.port, "instance-two")],
  });
  const first = await ask(front.port, "/");
  const cookie = first.header("set-cookie") ?? "";
  assert.match(cookie, /^node=[a-z0-9]+; Path=\/; Max-Age=60; HttpOnly; SameSite=Lax$/);
  assert.ok(!cookie.includes("instance"));
  const { name } = JSON.parse(first.body);
  for (let i = 0; i < 4; i++) {
    const again = await ask(front.port, "/", { headers: ["Cookie", `a=b; ${cookie.split(";")[0]}`] });
    assert.deepEqual([JSON.parse(again.body).name, again.header("set-cookie")], [name, undefined]);
  }
});

test("a client of several services comes back to its instance at the service it was at, until that one is gone", async () => {
  await using one = await mirrorOfItself("one");
  await using two = await mirrorOfItself("two");
  const services = { old: 1, new: 1 };
  await using front = await bench({
    routes: { "/*": { services, sticky: {} }, "/by/*": { services, sticky: {}, hash: "header:x-user" } },
    endpoints: [endpoint(one.port, "o", "old"), endpoint(two.port, "n", "new")],
    random: seededRandom(5),
  });
  const at = async (cookie: string, path = "/", ...more: string[]) => {
    const reply = await ask(front.port, path, { headers: ["Cookie", cookie, ...more] });
    return { name: JSON.parse(reply.body).name, cookie: reply.header("set-cookie")?.split(";")[0] };
  };
  const cookies = new Map<string, string>();
  while (cookies.size < 2) {
    const { name, cookie = "" } = await at("a=b");
    cookies.set(name, cookie);
  }
  for (const [name, cookie] of cookies)
    for (let i = 0; i < 10; i++) assert.deepEqual(await at(cookie), { name, cookie: undefined });
  // What is kept together by a hash is not kept apart by old cookies.
  const by = new Set<string>();
  for (const cookie of cookies.values()) by.add((await at(cookie, "/by/x", "X-User", "u")).name);
  assert.equal(by.size, 1);
  front.discovery.set("old", []);
  const gone = cookies.get("one") ?? "";
  let moved = await at(gone);
  // By weight half of them are told that the old service has nobody.
  for (let i = 0; i < 100 && moved.name !== "two"; i++) moved = await at(gone);
  assert.deepEqual(moved, { name: "two", cookie: cookies.get("two") });
});

test("a service that is down is answered for by another one, or by a fixed answer", async () => {
  await using spare = await mirrorOfItself("spare");
  await using front = await bench({
    routes: {
      "/other": { service: "users", fallback_service: "spare" },
      "/fixed": { service: "users", fallback: { status: 200, type: "application/json", body: "[]" } },
    },
    endpoints: [endpoint(spare.port, "s", "spare")],
  });
  const other = await ask(front.port, "/other", { method: "POST", body: "kept" });
  assert.deepEqual([other.status, JSON.parse(other.body).body], [200, "kept"]);
  const fixed = await ask(front.port, "/fixed");
  assert.deepEqual(
    [fixed.status, fixed.body, fixed.header("proxy-status")],
    [200, "[]", "tusker; error=destination_unavailable"],
  );
  assert.equal(front.metric('tusker_gateway_fallbacks_total{service="users",to="spare"}'), 1);
});

test("what the service may have acted on is not asked of its fallback, unless that is safe", async () => {
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    socket.destroy();
  });
  const spared: string[] = [];
  await using spare = await service((exchange) => {
    spared.push(`${exchange.method} ${exchange.target}`);
    return exchange.respond({ status: 200 });
  });
  await using front = await bench({
    routes: {
      "/a": { service: "users", fallback_service: "spare", retries: 0 },
      "/dead": { service: "nobody", fallback_service: "spare" },
    },
    endpoints: [endpoint(users.port), endpoint(spare.port, "s", "spare")],
  });
  const post = { method: "POST", body: "order" };
  assert.equal((await ask(front.port, "/a", post)).status, 503);
  assert.equal((await ask(front.port, "/a")).status, 200);
  assert.equal((await ask(front.port, "/a", { ...post, headers: ["Idempotency-Key", "1"] })).status, 200);
  assert.equal((await ask(front.port, "/dead", post)).status, 200, "nobody was asked");
  assert.deepEqual(spared, ["GET /a", "POST /a", "POST /dead"]);
});

test("a failure on purpose says so in the answer, the log and a metric", async () => {
  await using users = await mirrorOfItself();
  await using front = await bench({
    routes: {
      "/abort": { service: "users", fault: { abort: 418 } },
      "/delay": { service: "users", fault: { delay: "20ms" } },
    },
    endpoints: [endpoint(users.port)],
  });
  const aborted = await ask(front.port, "/abort");
  assert.deepEqual(
    [aborted.status, aborted.code, aborted.header("x-tusker-fault")],
    [418, "GATEWAY_FAULT_INJECTED", "abort=418"],
  );
  const { status, trace_id } = JSON.parse(aborted.body);
  assert.deepEqual([status, front.spans.some(({ traceId }) => traceId === trace_id)], [418, true]);
  const delayed = await ask(front.port, "/delay");
  assert.deepEqual([delayed.status, delayed.header("x-tusker-fault")], [200, "delay=20ms"]);
  assert.equal(front.metric('tusker_gateway_faults_total{route="/abort",kind="abort"}'), 1);
  assert.ok(front.logs.some((line) => line.includes("on purpose")));
});

test("what has no place waits for one, and is refused when there is no place to wait", async () => {
  const held: (() => void)[] = [];
  await using users = await service(async (exchange) => {
    await new Promise<void>((resolve) => held.push(resolve));
    await exchange.respond({ status: 200 });
  });
  await using front = await bench({
    gateway: { upstreams: { users: { max_in_flight: 1, max_queued: 1, queue_timeout: "30s" } } },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const first = ask(front.port, "/1");
  await until(() => held.length === 1);
  const second = ask(front.port, "/2");
  await until(() => front.gateway.stats().inFlight === 2);
  const third = await ask(front.port, "/3");
  assert.deepEqual([third.status, third.code], [503, "GATEWAY_SHED"]);
  held[0]?.();
  assert.equal((await first).status, 200);
  await until(() => held.length === 2);
  held[1]?.();
  assert.equal((await second).status, 200);
  assert.equal(front.metric('tusker_gateway_shed_total{service="users",priority="normal"}'), 1);
});

test("a request waits for a place no longer than its own time", async () => {
  await using users = await rawService(() => {});
  await using front = await bench({
    gateway: { upstreams: { users: { max_in_flight: 1, queue_timeout: "30s" } } },
    routes: {
      "/held": { service: "users", retries: 0 },
      "/short": { service: "users", timeout: "50ms", retries: 0 },
    },
    endpoints: [endpoint(users.port)],
  });
  const held = ask(front.port, "/held");
  await until(() => users.count === 1);
  const short = await ask(front.port, "/short");
  assert.deepEqual([short.status, short.code], [503, "GATEWAY_SHED"]);
  await front.gateway[Symbol.asyncDispose]();
  await held;
});

test("an instance whose checks fail is left out, and comes back when they pass", async () => {
  let well = true;
  await using good = await mirrorOfItself("good");
  await using ill = await service(async (exchange) => {
    if (exchange.target === "/ready") return exchange.respond({ status: well ? 200 : 503 });
    await exchange.respond({ status: 200, body: JSON.stringify({ name: "ill" }) });
  });
  const check = { path: "/ready", interval: "100ms", down_after: 1, up_after: 1 };
  await using front = await bench({
    gateway: { balance: "round_robin", upstreams: { users: { health_check: check } } },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(good.port, "good"), endpoint(ill.port, "ill")],
  });
  const names = async (): Promise<Set<string>> => {
    const replies = await Promise.all([1, 2, 3, 4].map(() => ask(front.port, "/")));
    return new Set(replies.map(({ body }) => JSON.parse(body).name));
  };
  await ask(front.port, "/");
  well = false;
  const up = (): number => front.metric('tusker_gateway_endpoint_up{service="users",endpoint="ill"}');
  await until(() => front.logs.some((line) => line.includes("ill is down")));
  assert.deepEqual(await names(), new Set(["good"]));
  well = true;
  await until(() => up() === 1);
  assert.deepEqual(await names(), new Set(["good", "ill"]));
  assert.match(
    front.metrics.render(),
    /endpoint_up\{service="users",endpoint="good"\} 1/,
    "also what never failed",
  );
  front.discovery.set("users", [endpoint(good.port, "good")]);
  assert.doesNotMatch(front.metrics.render(), /endpoint="ill"/, "of one that left nothing is shown");
});

test("a service may have fixed addresses; then no registry is asked", async () => {
  await using users = await mirrorOfItself("fixed");
  await using front = await bench({
    gateway: { upstreams: { users: { endpoints: [`127.0.0.1:${users.port}`] } } },
    routes: { "/*": { service: "users" } },
  });
  assert.equal(JSON.parse((await ask(front.port, "/")).body).name, "fixed");
});

/** Two instances, of which one answers `/quick` and hangs on `/hang`, behind a route that hedges. */
async function halfHanging() {
  const stack = new AsyncDisposableStack();
  const clock = manualClock();
  let hanging = 0;
  const bodies: string[] = [];
  const slow = stack.use(
    await rawService(async (socket) => {
      for (;;) {
        const text = await requestOn(socket).catch(() => "");
        if (text === "") return;
        if (text.includes(" /hang")) {
          if (/content-length/i.test(text) && !text.endsWith("all of it")) await once(socket, "data");
          hanging++;
          return;
        }
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      }
    }),
  );
  const quick = stack.use(
    await service(async (exchange) => {
      bodies.push(Buffer.from(await exchange.bytes(1_000_000)).toString());
      await exchange.respond({ status: 200, body: "quick" });
    }),
  );
  const front = stack.use(
    await bench({
      gateway: { balance: "round_robin" },
      routes: { "/*": { service: "users", hedge: true, retries: 0 } },
      endpoints: [endpoint(quick.port, "a-quick"), endpoint(slow.port, "b-slow")],
      breaker: "off",
      clock,
    }),
  );
  // The budget of second copies is a fiftieth of the requests of the last ten seconds.
  for (let i = 0; i < 100; i++) assert.equal((await ask(front.port, "/quick")).status, 200);
  /** Asks until it was the turn of the one that hangs, and lets the usual time pass then. */
  const hang = async (options: Ask): Promise<{ readonly reply: Promise<Reply> }> => {
    for (;;) {
      const before = hanging;
      let answered = false;
      const reply = ask(front.port, "/hang", options).finally(() => {
        answered = true;
      });
      await until(() => answered || hanging > before);
      if (hanging === before) continue;
      // What the instance has seen to its end, the gateway has too, within the turn.
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      clock.advance(20);
      return { reply };
    }
  };
  return { front, clock, bodies, hang, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const secondCopies = 'tusker_gateway_hedged_total{service="users",copy="second"}';

test("a second copy goes out when the first takes longer than the others did", async () => {
  await using one = await halfHanging();
  const reply = await (await one.hang({})).reply;
  assert.deepEqual([reply.status, reply.body], [200, "quick"]);
  assert.equal(one.front.metric(secondCopies), 1);
});

test("the second copy of a request has the body of the first", async () => {
  await using one = await halfHanging();
  const reply = await (await one.hang({ method: "PUT", body: "all of it" })).reply;
  assert.deepEqual([reply.status, reply.body, one.bodies.at(-1)], [200, "quick", "all of it"]);
  assert.equal(one.front.metric(secondCopies), 1);
});

test("what may be acted on once only is sent once, however long it takes", async () => {
  await using one = await halfHanging();
  const { reply } = await one.hang({ method: "POST", body: "all of it" });
  one.clock.advance(30_000);
  assert.equal((await reply).status, 504);
  assert.equal(one.front.metric(secondCopies), 0);
});

test("requests are logged as JSON lines, without their query", async () => {
  await using users = await mirrorOfItself();
  await using front = await bench({
    gateway: { access_log: 1, api_keys: { acme: [keyHash("k")] } },
    routes: { "/a": { service: "users", auth: ["key"] } },
    endpoints: [endpoint(users.port)],
  });
  await ask(front.port, "/a?token=secret", { headers: ["X-API-Key", "k"] });
  await until(() => front.logs.length > 0);
  const line = JSON.parse(front.logs.at(-1) ?? "");
  assert.deepEqual(
    [
      line.message,
      line.method,
      line.path,
      line.route,
      line.status,
      line.consumer,
      line.endpoint,
      line.attempts,
    ],
    ["access", "GET", "/a", "/a", 200, "acme", "e1", 1],
  );
  assert.ok(!JSON.stringify(line).includes("secret"));
});

test("of good requests the written share is logged, of failed ones all", async () => {
  await using users = await mirrorOfItself();
  await using front = await bench({
    gateway: { access_log: 0.25 },
    routes: { "/good": { service: "users" }, "/bad": { answer: { status: 503 } } },
    endpoints: [endpoint(users.port)],
    random: seededRandom(5),
  });
  for (let i = 0; i < 120; i++) await ask(front.port, "/good");
  for (let i = 0; i < 10; i++) await ask(front.port, "/bad");
  const logged = (path: string): number =>
    front.logs.filter((line) => line.includes(`"path":"${path}"`)).length;
  await until(() => logged("/bad") === 10);
  assert.ok(logged("/good") > 12 && logged("/good") < 50, `${logged("/good")} of 120`);
});

test("limits count by key, and a request without its key by its address", async () => {
  await using users = await mirrorOfItself();
  await using front = await bench({
    gateway: { api_keys: { acme: [keyHash("a")], umbrella: [keyHash("u")] } },
    routes: {
      "/c": { service: "users", auth: ["key"], rate_limit: { requests: 1, window: "1m", key: "consumer" } },
      "/h": { service: "users", rate_limit: { requests: 1, window: "1m", key: "header:x-tenant" } },
    },
    endpoints: [endpoint(users.port)],
  });
  const by = async (target: string, ...headers: string[]): Promise<number> =>
    (await ask(front.port, target, { headers })).status;
  assert.deepEqual(
    [
      await by("/c", "X-API-Key", "a"),
      await by("/c", "X-API-Key", "a"),
      await by("/c", "X-API-Key", "u"),
      await by("/h", "X-Tenant", "1"),
      await by("/h", "X-Tenant", "2"),
      await by("/h"),
      await by("/h"),
    ],
    [200, 429, 200, 200, 200, 200, 429],
  );
});

test("guessing keys is limited, by the address of who guesses", async () => {
  await using users = await mirrorOfItself();
  await using front = await bench({
    gateway: { api_keys: { acme: [keyHash("a")] } },
    routes: { "/a": { service: "users", auth: ["key"], rate_limit: { requests: 2, window: "1m" } } },
    endpoints: [endpoint(users.port)],
  });
  const statuses: number[] = [];
  for (const key of ["guess 1", "guess 2", "a"])
    statuses.push((await ask(front.port, "/a", { headers: ["X-API-Key", key] })).status);
  assert.deepEqual(statuses, [401, 401, 429]);
});

function keyHash(key: string): string {
  return `sha256:${hash("sha256", key)}`;
}
