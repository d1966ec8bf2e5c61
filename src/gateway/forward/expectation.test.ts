/** What travels beside a request's body: the question whether it is wanted, and the fields behind it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test as onEngine } from "node:test";
import { type Clock, manualClock } from "../../kernel/index.ts";
import {
  type Bench,
  bench,
  endpoint,
  exchangeBytes,
  parseReply,
  rawService,
  requestOn,
  test,
  until,
} from "../fixture.test.ts";

function before(port: number, clock?: Clock): Promise<Bench> {
  return bench({
    ...(clock === undefined ? {} : { clock }),
    gateway: { retries: 0, max_body: "1KiB" },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(port)],
  });
}

function talker(port: number, text: string): { readonly socket: Socket; said(): string } {
  const socket = connect(port, "127.0.0.1");
  let said = "";
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    said += chunk.toString("latin1");
  });
  socket.write(text);
  return { socket, said: () => said };
}

const asking =
  "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

onEngine("an expectation goes on, and the client hears 100 when the service has said it", async () => {
  const asked = Promise.withResolvers<{ readonly socket: Socket; readonly head: string }>();
  await using users = await rawService(async (socket) => {
    asked.resolve({ socket, head: await requestOn(socket) });
  });
  await using front = await before(users.port);
  const { socket, said } = talker(front.port, asking);
  const service = await asked.promise;
  assert.match(service.head, /\r\nExpect: 100-continue\r\n.*\r\n\r\n$/s, "the head, and nothing behind it");
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
  assert.equal(said(), "", "the service has not said anything yet");
  service.socket.write("HTTP/1.1 100 Continue\r\n\r\n");
  await until(() => said() !== "");
  assert.equal(said(), "HTTP/1.1 100 Continue\r\n\r\n");
  const body = once(service.socket, "data");
  socket.write("abc");
  assert.equal(String((await body)[0]), "abc");
  service.socket.write(ok);
  await once(socket, "close");
  assert.match(said(), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 .*\r\n\r\nok$/s);
});

onEngine("a service that refuses by the head alone is spared the body, and so is the client", async () => {
  let behind = "";
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    socket.on("data", (chunk) => {
      behind += String(chunk);
    });
    socket.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
  });
  await using front = await before(users.port);
  const text = await exchangeBytes(front.port, asking.replace("Connection: close\r\n", ""));
  assert.match(text, /^HTTP\/1\.1 401 .*\r\nConnection: close\r\n.*no$/s);
  assert.equal(behind, "");
  await until(() => front.gateway.stats().inFlight === 0);
});

onEngine("a service that takes no notice of the question gets the body after a second", async () => {
  const clock = manualClock();
  const asked = Promise.withResolvers<Socket>();
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    asked.resolve(socket);
  });
  await using front = await before(users.port, clock);
  const { socket, said } = talker(front.port, `${asking}abc`);
  const service = await asked.promise;
  const body = once(service, "data");
  clock.advance(999);
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
  assert.equal(said(), "");
  clock.advance(1);
  assert.equal(String((await body)[0]), "abc");
  service.write(ok);
  await once(socket, "close");
  assert.match(said(), /200 .*ok$/s);
});

onEngine(
  "trailers that a request announces go on, and nothing the gateway writes itself is among them",
  async () => {
    let came = "";
    await using users = await rawService((socket) => {
      socket.on("data", (chunk) => {
        came += chunk.toString("latin1");
        if (came.endsWith("\r\n\r\n") && /\r\n0\r\n/.test(came)) socket.write(ok);
      });
    });
    await using front = await before(users.port);
    const head =
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, X-Forwarded-For\r\n\r\n";
    const body = "3;ext=1\r\nabc\r\n0\r\nX-Sum: 7\r\nX-Silent: 1\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n";
    assert.equal(parseReply(await exchangeBytes(front.port, head + body)).body, "ok");
    assert.match(came, /\r\nTrailer: X-Sum\r\n/);
    assert.match(came, /\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n$/);
  },
);

test("trailers of an answer are announced anew", async () => {
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    socket.write(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n",
    );
  });
  await using front = await before(users.port);
  const text = await exchangeBytes(front.port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.match(text, /\r\nTrailer: X-Sum\r\n.*\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n$/s);
});

test("a body that turns out too large is answered 413 on a connection that says it closes", async () => {
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
  });
  await using front = await before(users.port);
  const chunk = `400\r\n${"x".repeat(1024)}\r\n`;
  const text = await exchangeBytes(
    front.port,
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}0\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n`,
  );
  assert.deepEqual([parseReply(text).status, parseReply(text).header("connection")], [413, "close"]);
  assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, "nobody serves what follows");
});
