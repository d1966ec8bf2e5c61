import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type HeaderList, headerOf } from "../../net/index.ts";
import { answerHead } from "./answer.ts";
import { type Arrival, earlierHops } from "./forwarded.ts";
import { type IncomingHead, readHead } from "./incoming.ts";
import { isLoop, requestHead } from "./request.ts";

function head(...fields: string[]): IncomingHead {
  const read = readHead(["Host", "shop.test", ...fields], "1.1");
  assert.ok(read.ok, read.ok ? "" : read.problem);
  return read.head;
}

const stranger: Arrival = { peer: "192.0.2.7", proto: "http", host: "shop.test", prefix: "", trusted: false };
const proxy: Arrival = { ...stranger, peer: "10.0.0.1", trusted: true };

function forwarded(fields: readonly string[], arrival: Arrival = stranger, hasBody = false): HeaderList {
  return requestHead(head(...fields), arrival, "1.1 tusker-1", hasBody);
}

function namesOf(list: HeaderList): string[] {
  return list.filter((_text, i) => i % 2 === 0).map((name) => name.toLowerCase());
}

test("two Host fields, none at all, and underscores in names are refused", () => {
  assert.equal(readHead(["Host", "a", "host", "b"], "1.1").ok, false);
  assert.equal(readHead([], "1.1").ok, false);
  assert.equal(readHead([], "1.0").ok, true);
  assert.equal(readHead(["Host", "a", "X_Forwarded_For", "1.2.3.4"], "1.1").ok, false);
  assert.equal(
    readHead(["Host", "a", "Authorization", "Bearer a", "authorization", "Basic b"], "1.1").ok,
    false,
  );
});

test("per-hop fields end here, and so do those that Connection names", () => {
  const sent = forwarded([
    ...["Connection", "keep-alive, X-Secret-Hop", "connection", "X-Other"],
    ...["X-Secret-Hop", "1", "X-Other", "2", "Keep-Alive", "timeout=5", "Proxy-Connection", "x"],
    ...["Transfer-Encoding", "chunked", "Upgrade", "websocket", "Proxy-Authorization", "Basic x"],
    ...["Trailer", "Digest", "Expect", "100-continue", "HTTP2-Settings", "x", "Accept", "*/*"],
  ]);
  assert.deepEqual(namesOf(sent), [
    "host",
    "accept",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "via",
  ]);
});

test("Connection cannot take away who is asked, who asks, or how much follows", () => {
  const sent = forwarded(
    [
      ...[
        "Connection",
        "Host, Authorization, Cookie, X-Forwarded-For, Content-Length, Traceparent, Idempotency-Key",
      ],
      ...["Authorization", "Bearer x", "Cookie", "a=b", "Content-Length", "3", "Idempotency-Key", "k"],
    ],
    stranger,
    true,
  );
  for (const name of [
    "host",
    "authorization",
    "cookie",
    "content-length",
    "x-forwarded-for",
    "idempotency-key",
  ])
    assert.notEqual(headerOf(sent, name), undefined, name);
});

test("of TE only trailers goes on", () => {
  assert.equal(headerOf(forwarded(["TE", "gzip;q=0.5, trailers", "Connection", "TE"]), "te"), "trailers");
  assert.equal(headerOf(forwarded(["TE", "gzip"]), "te"), undefined);
});

test("a length goes on with a body only", () => {
  assert.equal(headerOf(forwarded(["Content-Length", "3"], stranger, true), "content-length"), "3");
  assert.equal(headerOf(forwarded(["Content-Length", "0"]), "content-length"), undefined);
});

test("what a stranger says of earlier hops is replaced", () => {
  const sent = forwarded([
    ...["X-Forwarded-For", "1.2.3.4", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.test"],
    ...[
      "X-Forwarded-Prefix",
      "/x",
      "X-Forwarded-Port",
      "1",
      "X-Real-IP",
      "1.2.3.4",
      "Forwarded",
      "for=1.2.3.4",
    ],
  ]);
  assert.equal(headerOf(sent, "x-forwarded-for"), "192.0.2.7");
  assert.equal(headerOf(sent, "x-forwarded-proto"), "http");
  assert.equal(headerOf(sent, "x-forwarded-host"), "shop.test");
  assert.equal(headerOf(sent, "forwarded"), "for=192.0.2.7;host=shop.test;proto=http");
  for (const name of ["x-forwarded-prefix", "x-forwarded-port", "x-real-ip"])
    assert.equal(headerOf(sent, name), undefined, name);
});

test("what a trusted proxy says of earlier hops is continued", () => {
  const sent = forwarded(
    [
      ...["X-Forwarded-For", "1.2.3.4", "X-Forwarded-For", "5.6.7.8", "X-Forwarded-Proto", "https"],
      ...["X-Forwarded-Host", "front.test", "X-Forwarded-Port", "443", "X-Real-IP", "1.2.3.4"],
      ...["Forwarded", "for=1.2.3.4"],
    ],
    proxy,
  );
  assert.equal(headerOf(sent, "x-forwarded-for"), "1.2.3.4, 5.6.7.8, 10.0.0.1");
  assert.equal(headerOf(sent, "x-forwarded-proto"), "https");
  assert.equal(headerOf(sent, "x-forwarded-host"), "front.test");
  assert.equal(headerOf(sent, "x-forwarded-port"), "443");
  assert.equal(headerOf(sent, "x-real-ip"), "1.2.3.4");
  // The one that came beside them names another client: services that read either must see the same.
  assert.equal(
    headerOf(sent, "forwarded"),
    "for=1.2.3.4;proto=https;host=front.test, for=5.6.7.8, for=10.0.0.1;host=shop.test;proto=http",
  );
});

test("an IPv6 peer is bracketed and quoted in Forwarded, and a host with a port is quoted", () => {
  const sent = forwarded([], { ...stranger, peer: "2001:db8::1", host: "shop.test:81" });
  assert.equal(headerOf(sent, "forwarded"), 'for="[2001:db8::1]";host="shop.test:81";proto=http');
  assert.equal(headerOf(sent, "x-forwarded-for"), "2001:db8::1");
});

test("says what was taken off the path", () => {
  assert.equal(headerOf(forwarded([], { ...stranger, prefix: "/api" }), "x-forwarded-prefix"), "/api");
  const before = ["X-Forwarded-Prefix", "/shop"];
  assert.equal(headerOf(forwarded(before, { ...proxy, prefix: "/api" }), "x-forwarded-prefix"), "/shop/api");
  assert.equal(headerOf(forwarded(before, proxy), "x-forwarded-prefix"), "/shop");
  assert.equal(headerOf(forwarded(before, { ...stranger, prefix: "/api" }), "x-forwarded-prefix"), "/api");
});

test("Via is appended and a loop is recognised by our own name only", () => {
  const seen = head("Via", "1.0 first, 1.1 tusker-1 (x)");
  assert.equal(
    headerOf(requestHead(seen, stranger, "1.1 tusker-2", false), "via"),
    "1.0 first, 1.1 tusker-1 (x), 1.1 tusker-2",
  );
  assert.equal(isLoop(seen, "tusker-1"), true);
  assert.equal(isLoop(seen, "tusker-2"), false);
  assert.equal(isLoop(head("Via", "1.1 tusker-12"), "tusker-1"), false);
});

test("trace context, deadline and attempt of the caller do not go on beside our own", () => {
  const sent = forwarded([
    ...["traceparent", "x", "TraceState", "y", "b3", "0", "uber-trace-id", "z"],
    ...["X-Request-Deadline", "5", "X-Tusker-Attempt", "9"],
  ]);
  for (const name of [
    "traceparent",
    "tracestate",
    "b3",
    "uber-trace-id",
    "x-request-deadline",
    "x-tusker-attempt",
  ])
    assert.equal(headerOf(sent, name), undefined, name);
});

test("repeated fields stay apart and in order, names keep their letters", () => {
  const sent = forwarded(["X-A", "1", "x-a", "2", "Cookie", "c=1"]);
  assert.deepEqual(sent.slice(2, 8), ["X-A", "1", "x-a", "2", "Cookie", "c=1"]);
});

test("the answer loses per-hop fields and keeps everything else", () => {
  const fields = [
    ...[
      "Content-Type",
      "text/plain",
      "Connection",
      "X-Hop",
      "X-Hop",
      "1",
      "Set-Cookie",
      "a=1",
      "Set-Cookie",
      "b=2",
    ],
    ...["Transfer-Encoding", "chunked", "Keep-Alive", "timeout=5", "Trailer", "X-T"],
  ];
  assert.deepEqual(answerHead(fields, 200, ["RateLimit", "x"]), [
    ...["Content-Type", "text/plain", "Set-Cookie", "a=1", "Set-Cookie", "b=2", "Trailer", "X-T"],
    ...["RateLimit", "x"],
  ]);
  assert.deepEqual(answerHead(["Content-Length", "9", "Trailer", "X-T"], 200, []), ["Content-Length", "9"]);
});

test("a 204 has no length, other answers keep theirs", () => {
  assert.deepEqual(answerHead(["Content-Length", "0"], 204, []), []);
  assert.deepEqual(answerHead(["Content-Length", "9"], 304, []), ["Content-Length", "9"]);
});

test("no choice of fields brings a per-hop field, a forged hop or a second Host to the service", () => {
  const name = fc.constantFrom(
    ...[
      "Connection",
      "X-A",
      "X-Forwarded-For",
      "Forwarded",
      "Via",
      "Upgrade",
      "TE",
      "traceparent",
      "Keep-Alive",
    ],
    ...["Transfer-Encoding", "Authorization", "X-Real-IP", "X-Request-Deadline"],
  );
  const value = fc.constantFrom(
    "x",
    "close",
    "X-A",
    "Host",
    "1.2.3.4",
    "trailers",
    "X-Forwarded-For, Via",
    "",
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 12 }), (drawn) => {
      // Two Authorization fields are refused.
      const credentials = drawn.findIndex(([field]) => field === "Authorization");
      const pairs = drawn.filter(([field], i) => field !== "Authorization" || i === credentials);
      const sent = forwarded(pairs.flat());
      const names = namesOf(sent);
      for (const gone of [
        "connection",
        "upgrade",
        "keep-alive",
        "transfer-encoding",
        "x-real-ip",
        "traceparent",
        "x-request-deadline",
      ])
        assert.ok(!names.includes(gone), gone);
      for (const once of ["host", "x-forwarded-for", "forwarded", "via"])
        assert.equal(names.filter((one) => one === once).length, 1, once);
      assert.equal(headerOf(sent, "x-forwarded-for"), "192.0.2.7");
      const named = pairs.some(([field, text]) => field === "Connection" && text.includes("X-A"));
      if (named) assert.ok(!names.includes("x-a"));
    }),
  );
});

test("a trusted proxy that writes Forwarded alone is understood, and its words go on in the older fields too", () => {
  const sent = forwarded(
    ["Forwarded", 'for=192.0.2.1;proto=https;host="shop.test:8443", for="[2001:db8::1]:4711"'],
    proxy,
  );
  assert.equal(headerOf(sent, "x-forwarded-for"), "192.0.2.1, [2001:db8::1]:4711, 10.0.0.1");
  assert.equal(headerOf(sent, "x-forwarded-proto"), "https");
  assert.equal(headerOf(sent, "x-forwarded-host"), "shop.test:8443");
  const stranger = forwarded(["Forwarded", "for=192.0.2.1;proto=https"]);
  assert.equal(headerOf(stranger, "x-forwarded-for"), "192.0.2.7");
  assert.equal(headerOf(stranger, "x-forwarded-proto"), "http");
});

test("Forwarded says what the older fields of a trusted proxy say, whichever of them it writes", () => {
  const toService = (...fields: string[]) => headerOf(forwarded(fields, proxy), "forwarded");
  const own = "for=10.0.0.1;host=shop.test;proto=http";
  for (const [before, ...fields] of [
    ["for=1.2.3.4;proto=https", "X-Forwarded-For", "1.2.3.4", "X-Forwarded-Proto", "https"],
    ["for=unknown;proto=https", "X-Forwarded-Proto", "https"],
    [
      'for="[2001:db8::1]", for=1.2.3.4, for=unknown',
      "X-Forwarded-For",
      "[2001:db8::1]:443, ::ffff:1.2.3.4, _x",
    ],
    // Of both, the one the proxy writes: the other may have come through it.
    ["for=1.2.3.4", "X-Forwarded-For", "1.2.3.4", "Forwarded", "for=6.6.6.6;proto=https"],
    ["for=1.2.3.4;by=_lb", "X-Forwarded-For", "1.2.3.4", "Forwarded", "for=1.2.3.4;by=_lb"],
    ["for=1.2.3.4", "X-Forwarded-For", "1.2.3.4", "Forwarded", 'for="6.6.6.6'],
  ])
    assert.equal(toService(...fields), `${before}, ${own}`, fields.join());
  assert.equal(toService("Forwarded", 'for="1.2.3.4'), own, "an open quote would swallow our own words");
});

test("of a Forwarded that cannot be read nothing is believed, and nothing before a hop without address", () => {
  const hops = (...fields: string[]) => earlierHops(head(...fields)).forwardedFor;
  assert.equal(hops("Forwarded", "for=6.6.6.6, (, for=192.0.2.1"), undefined);
  assert.equal(hops("Forwarded", 'for=6.6.6.6, for="192.0.2.1'), undefined);
  assert.equal(hops("Forwarded", "for=6.6.6.6, proto=https"), "6.6.6.6, unknown");
  assert.equal(hops("Forwarded", 'For="a\\"b" ; proto=http'), 'a"b');
  assert.equal(hops("Forwarded", "for=6.6.6.6", "X-Forwarded-For", "192.0.2.1"), "192.0.2.1");
  assert.equal(hops("Forwarded", ""), undefined);
  const long = `for=${'"\\'.repeat(10_000)}`;
  assert.equal(hops("Forwarded", long), undefined);
});

test("whatever stands in Forwarded, the last address is that of the proxy that wrote last", () => {
  const token = fc.stringMatching(/^[!#$%&'*+.^`|~\w-]{1,8}$/);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(token).map((all) => all.join(", ")),
      ),
      (before) => {
        fc.pre(/^[\t\x20-\x7e]*$/.test(before));
        const hops = earlierHops(head("Forwarded", before, "Forwarded", "for=192.0.2.1")).forwardedFor;
        assert.ok(hops === undefined || hops.endsWith("192.0.2.1"), hops);
      },
    ),
  );
});
