/** Services that lie: what they send must never become part of somebody's answer that is not theirs. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test as onEngine } from "node:test";
import { bench, endpoint, exchangeBytes, parseReply, rawService, requestOn, test } from "./fixture.test.ts";

/** A service that says the same bytes to every request; on `/good` it is honest. */
async function liar(bytes: string, ending: "stays" | "closes" = "stays") {
  return rawService(async (socket) => {
    for (;;) {
      const text = await requestOn(socket).catch(() => "");
      if (text === "" || socket.destroyed) return;
      if (text.includes("/good")) {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
        continue;
      }
      socket.write(bytes, "latin1");
      if (ending === "closes") socket.end();
    }
  });
}

async function before(port: number) {
  return bench({
    gateway: { retries: 0 },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(port)],
    breaker: "off",
  });
}

const get = (path: string, close = false): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\n${close ? "Connection: close\r\n" : ""}\r\n`;

const noAnswers: Readonly<Record<string, string>> = {
  "Content-Length and Transfer-Encoding":
    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "two lengths that differ": "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
  "a CR inside a value": "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b=c\r\nContent-Length: 0\r\n\r\n",
  "a NUL inside a value": "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
  "a blank in a field name": "HTTP/1.1 200 OK\r\nX Y: a\r\nContent-Length: 0\r\n\r\n",
  "no HTTP": "SSH-2.0-OpenSSH_9.2\r\n\r\n",
  "another version": "HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
  "a status of two digits": "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
};

for (const [what, bytes] of Object.entries(noAnswers))
  test(`an answer with ${what} is a 502, and nothing of it reaches the client`, async () => {
    await using users = await liar(bytes);
    await using front = await before(users.port);
    const text = await exchangeBytes(front.port, get("/", true));
    assert.deepEqual([parseReply(text).status, parseReply(text).code], [502, "GATEWAY_BAD_UPSTREAM"]);
    assert.doesNotMatch(text, /set-cookie/i);
  });

test("bytes behind an answer are nobody's answer", async () => {
  const two =
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
  await using users = await liar(two);
  await using front = await before(users.port);
  const text = await exchangeBytes(front.port, get("/lie") + get("/good") + get("/good", true));
  assert.doesNotMatch(text, /forged/);
  assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 3);
  assert.match(text, /good[\s\S]*good$/);
});

test("an answer that is shorter than it said ends in a broken connection, not in somebody else's bytes", async () => {
  await using users = await liar("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "closes");
  await using front = await before(users.port);
  const text = await exchangeBytes(front.port, get("/lie") + get("/good", true));
  assert.match(text, /Content-Length: 100\r\n/i);
  assert.match(text, /short$/, "nothing follows what came");
  assert.equal(front.metric('tusker_gateway_broken_answers_total{service="users"}'), 1);
});

test("chunks that end in nonsense break the answer, which cannot be mistaken for a whole one", async () => {
  await using users = await liar(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nnonsense\r\n",
  );
  await using front = await before(users.port);
  const text = await exchangeBytes(front.port, get("/lie") + get("/good", true));
  assert.match(text, /HTTP\/1\.1 200/);
  assert.doesNotMatch(text, /\r\n0\r\n\r\n/);
  assert.doesNotMatch(text, /nonsense|good/);
});

for (const [how, head] of [
  ["bytes", `X: ${"y".repeat(100_000)}\r\n`],
  ["fields", "X: y\r\n".repeat(5_000)],
] as const)
  onEngine(`an answer whose head has too many ${how} is a 502 that says so`, async () => {
    await using users = await liar(`HTTP/1.1 200 OK\r\n${head}Content-Length: 0\r\n\r\n`);
    await using front = await before(users.port);
    for (const request of [get("/", true), get("/", true).replace("GET", "POST")]) {
      const reply = parseReply(await exchangeBytes(front.port, request));
      assert.deepEqual([reply.status, reply.code], [502, "GATEWAY_BAD_UPSTREAM"]);
      assert.equal(reply.header("proxy-status"), "tusker; error=http_response_header_section_size");
      assert.match(reply.body, /answered with a head that is too large/);
    }
  });

// The head of such an answer is known to be worthless before it is passed on.
for (const request of [get("/", true), get("/", true).replace("GET", "POST")])
  onEngine(`chunks that are none from the first byte on are a 502 (${request.split(" ")[0]})`, async () => {
    await using users = await liar("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n");
    await using front = await before(users.port);
    const text = await exchangeBytes(front.port, request);
    assert.deepEqual([parseReply(text).status, parseReply(text).code], [502, "GATEWAY_BAD_UPSTREAM"]);
    assert.doesNotMatch(text, /200|hello/);
    assert.equal(front.metric('tusker_gateway_broken_answers_total{service="users"}'), 0);
  });

test("an answer that comes before the request has ended reaches the client, who stays in step", async () => {
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    socket.end();
  });
  await using front = await before(users.port);
  const client = connect(front.port, "127.0.0.1");
  const chunks: Buffer[] = [];
  client.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", () => {});
  client.write("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\npart");
  await new Promise((resolve) => client.once("data", resolve));
  client.destroy();
  assert.match(Buffer.concat(chunks).toString("latin1"), /^HTTP\/1\.1 413/);
});

test("a change of protocol that nobody asked for is no answer", async () => {
  await using users = await liar(
    "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw bytes",
  );
  await using front = await before(users.port);
  const text = await exchangeBytes(front.port, get("/", true));
  assert.doesNotMatch(text, /raw bytes|HTTP\/1\.1 101/);
  assert.ok(parseReply(text).status >= 500);
});

// RFC 9112 §6.3 lets undici read on until the connection closes; the engine takes no coding it cannot undo.
onEngine("an answer with a coding that is not chunked is a 502", async () => {
  await using users = await liar("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxx");
  await using front = await before(users.port);
  const text = await exchangeBytes(front.port, get("/", true));
  assert.deepEqual([parseReply(text).status, parseReply(text).code], [502, "GATEWAY_BAD_UPSTREAM"]);
});

onEngine("interim answers without end are given up", async () => {
  await using users = await liar("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(1000));
  await using front = await bench({
    gateway: { retries: 0, timeout: "5s" },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
    breaker: "off",
  });
  const text = await exchangeBytes(front.port, get("/", true));
  assert.ok((text.match(/HTTP\/1\.1 103/g)?.length ?? 0) < 100);
  assert.match(text, /HTTP\/1\.1 50\d/);
});

test("a head without end is given up", async () => {
  await using users = await liar(`HTTP/1.1 200 OK\r\n${`X-Field: ${"v".repeat(1000)}\r\n`.repeat(200)}`);
  await using front = await before(users.port);
  const reply = parseReply(await exchangeBytes(front.port, get("/", true)));
  assert.equal(reply.status, 502);
});
