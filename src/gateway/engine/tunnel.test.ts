import assert from "node:assert/strict";
import { createHash, hash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { manualClock } from "../../kernel/index.ts";
import { ask, bench, deadPort, endpoint, rawService, requestOn, test, until } from "../fixture.test.ts";

/** A service that echoes every byte behind its 101, and declines what is no websocket. */
async function echo(): Promise<
  AsyncDisposable & { readonly port: number; readonly heads: string[]; readonly open: Set<Socket> }
> {
  const heads: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((_, response) => {
    response.statusCode = 426;
    response.end("speak websocket");
  });
  server.on("upgrade", (request, socket: Socket, early) => {
    heads.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    if (request.url === "/no") return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
    );
    socket.write(early);
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    heads,
    open,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A client that asked for a websocket: its socket, and the head it was answered with. */
async function upgraded(
  port: number,
  path = "/ws",
  ...more: string[]
): Promise<{ socket: Socket; head: string }> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  const fields = [
    "Host: shop.test",
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: k",
    ...more,
  ];
  socket.write(`GET ${path} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`);
  return { socket, head: await requestOn(socket) };
}

test("a tunnel carries every byte both ways, at the pace of who reads", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/ws": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const { socket, head } = await upgraded(front.port, "/ws?room=1");
  assert.match(head, /^HTTP\/1\.1 101 /);
  assert.match(head, /\r\nUpgrade: websocket\r\n/i);
  assert.match(head, /\r\nSec-WebSocket-Accept: x\r\n/i);
  assert.match(users.heads[0] ?? "", /^GET \/ws\?room=1 /);
  assert.match(users.heads[0] ?? "", /"x-forwarded-for":"127\.0\.0\.1"/);
  assert.match(users.heads[0] ?? "", /"sec-websocket-key":"k"/);
  const sent = randomBytes(8 * 1024 * 1024);
  const chunks: Buffer[] = [];
  let size = 0;
  const all = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= sent.length) resolve();
    });
  });
  socket.write(sent);
  await all;
  assert.equal(hash("sha256", Buffer.concat(chunks)), hash("sha256", sent));
  assert.equal(front.metric("tusker_gateway_tunnels"), 1);
  socket.end();
  await until(() => front.metric("tusker_gateway_tunnels") === 0 && users.open.size === 0);
});

test("a service that goes away takes its tunnel along", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/ws": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const { socket } = await upgraded(front.port);
  const closed = once(socket, "close");
  for (const one of users.open) one.destroy();
  await closed;
  await until(() => front.metric("tusker_gateway_tunnels") === 0);
});

test("what declines is passed on, and what the gateway refuses is refused", async () => {
  await using users = await echo();
  await using front = await bench({
    gateway: { retries: 0 },
    routes: {
      "/no": { service: "users" },
      "/private": { service: "users", auth: ["key"] },
      "/down": { service: "down" },
      "/nobody": { service: "nobody" },
      "/few": { service: "users", rate_limit: { requests: 1, window: "1m" } },
    },
    endpoints: [endpoint(users.port), endpoint(await deadPort(), "d", "down")],
  });
  const status = async (path: string): Promise<string> => {
    const { socket, head } = await upgraded(front.port, path);
    socket.destroy();
    return head.slice(9, 12);
  };
  assert.equal(await status("/no"), "403");
  assert.equal(await status("/private"), "401");
  assert.equal(await status("/down"), "503");
  assert.equal(await status("/nobody"), "503");
  assert.equal(await status("/few"), "101");
  assert.equal(await status("/few"), "429");
  assert.equal((await ask(front.port, "/no")).status, 426, "without Upgrade it is a request like any other");
});

test("an offer that the service takes no notice of costs nothing of its answer, however large it is", async () => {
  const megabytes = Buffer.from(randomBytes(2.5 * 1024 * 1024).toString("hex"));
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${megabytes.length}\r\n\r\n`);
    socket.write(megabytes);
  });
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const { socket, head } = await upgraded(front.port, "/file");
  assert.match(head, /^HTTP\/1\.1 200 /);
  assert.match(head, new RegExp(`\r\nContent-Length: ${megabytes.length}\r\n`));
  const sum = createHash("sha256");
  const early = Buffer.from(head.slice(head.indexOf("\r\n\r\n") + 4), "latin1");
  let size = early.length;
  sum.update(early);
  socket.on("data", (chunk: Buffer) => {
    size += chunk.length;
    sum.update(chunk);
  });
  await until(() => size === megabytes.length || socket.closed);
  assert.equal(sum.digest("hex"), hash("sha256", megabytes));
  socket.destroy();
  await until(() => front.gateway.stats().inFlight === 0);
});

test("a service that breaks off such an answer is told from one that ended it", async () => {
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
  });
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const { socket, head } = await upgraded(front.port, "/file");
  assert.match(head, /^HTTP\/1\.1 200 /);
  await once(socket.resume(), "close");
  await until(() => front.metric('tusker_gateway_broken_answers_total{service="users"}') === 1);
});

test("an offer of HTTP/2 or TLS is ignored: nobody asks a service past the rules of the gateway", async () => {
  for (const protocol of ["h2c", "websocket, h2c", "TLS/1.2", "HTTP/2.0"]) {
    let head = "";
    await using users = await rawService(async (socket) => {
      head = await requestOn(socket);
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    await using front = await bench({
      routes: { "/*": { service: "users" } },
      endpoints: [endpoint(users.port)],
    });
    const reply = await ask(front.port, "/", {
      headers: ["Connection", "Upgrade, HTTP2-Settings", "Upgrade", protocol, "HTTP2-Settings", "AAMAAABk"],
    });
    assert.deepEqual([reply.status, reply.body], [200, "ok"]);
    assert.doesNotMatch(head, /upgrade|http2-settings/i);
  }
});

test("a client that ended its side with its offer leaves no tunnel behind", async () => {
  const asked = Promise.withResolvers<Socket>();
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    asked.resolve(socket);
  });
  await using front = await bench({
    routes: { "/ws": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const client = connect({ port: front.port, host: "127.0.0.1", allowHalfOpen: true });
  client.on("error", () => {}).resume();
  client.end("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
  const service = await Promise.race([asked.promise, once(client, "close").then(() => undefined)]);
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
  service?.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
  service?.once("end", () => service.end()).resume();
  await until(() => front.gateway.server.connections === 0 && front.gateway.stats().inFlight === 0);
  client.destroy();
});

test("what never left us is asked of another endpoint", async () => {
  await using users = await echo();
  await using front = await bench({
    gateway: { balance: "round_robin" },
    routes: { "/ws": { service: "users" } },
    endpoints: [endpoint(await deadPort(), "a-dead"), endpoint(users.port, "b-alive")],
  });
  for (let i = 0; i < 3; i++) {
    const { socket, head } = await upgraded(front.port);
    assert.match(head, /^HTTP\/1\.1 101 /);
    socket.destroy();
  }
});

test("a client comes back to the instance it was at with a tunnel too, and the file has its say on the answer", async () => {
  await using first = await echo();
  await using second = await echo();
  await using front = await bench({
    routes: {
      "/*": {
        service: "users",
        sticky: {},
        response_headers: { set: { "X-Edge": "1" }, remove: ["Sec-WebSocket-Accept"] },
      },
    },
    endpoints: [endpoint(first.port, "a"), endpoint(second.port, "b")],
    gateway: { balance: "round_robin" },
  });
  const { head } = await upgraded(front.port);
  assert.match(head, /^X-Edge: 1\r$/m);
  assert.doesNotMatch(head, /Sec-WebSocket-Accept/);
  const cookie = /^Set-Cookie: (tusker_node=[^;]+)/m.exec(head)?.[1] ?? "";
  for (let i = 0; i < 3; i++)
    assert.doesNotMatch((await upgraded(front.port, "/ws", `Cookie: ${cookie}`)).head, /Set-Cookie/);
  assert.deepEqual([first.heads.length, second.heads.length].sort(), [0, 4]);
  assert.match(
    (await upgraded(front.port, "/no", `Cookie: ${cookie}`)).head,
    /^HTTP\/1.1 403 [\s\S]*^X-Edge: 1\r$/m,
  );
});

test("tunnels take from the same budget of retries as everybody else", async () => {
  const clock = manualClock();
  await using front = await bench({
    clock,
    routes: { "/ws": { service: "users", retries: 3 } },
    // Nobody listens there, nor will.
    endpoints: [endpoint(1, "a"), endpoint(2, "b")],
    breaker: "off",
  });
  for (let i = 0; i < 50; i++) assert.match((await upgraded(front.port)).head, /^HTTP\/1.1 503 /);
  // A hundred in ten seconds without regard to traffic, and a fifth of fifty: used up by the 36th.
  assert.equal(front.metric('tusker_gateway_retries_total{service="users",reason="unsent"}'), 110);
  assert.equal(front.metric('tusker_gateway_retries_refused_total{service="users",reason="budget"}'), 15);
});

test("a tunnel outlives a reload that takes its route and its endpoint away", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/ws": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const { socket } = await upgraded(front.port);
  front.discovery.set("users", []);
  for (let i = 0; i < 20; i++)
    front.gateway.adopt(front.config({}, { [`/r${i}`]: { answer: { body: "x" } } }));
  assert.equal((await ask(front.port, "/ws")).status, 404);
  socket.write("still there");
  const [text] = await once(socket, "data");
  assert.equal(String(text), "still there");
  socket.destroy();
});

test("a tunnel in which nobody says anything is closed", async () => {
  await using users = await echo();
  await using front = await bench({
    gateway: { stream_idle_timeout: "50ms" },
    routes: { "/ws": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const { socket } = await upgraded(front.port);
  await once(socket, "close");
  await until(() => front.metric("tusker_gateway_tunnels") === 0);
});

test("draining lets a tunnel go on for its grace, then closes it", async () => {
  await using users = await echo();
  const front = await bench({
    routes: { "/ws": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const { socket } = await upgraded(front.port);
  const drained = front.gateway.drain(60_000);
  socket.write("one more");
  const [text] = await once(socket, "data");
  assert.equal(String(text), "one more");
  socket.end();
  await drained;
});
