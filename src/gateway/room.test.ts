/** How many requests a service has at once, whether anything is written of it or not. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test as nodeTest } from "node:test";
import { manualClock } from "../kernel/index.ts";
import { sharedMemory } from "../resilience/index.ts";
import { ask, type Bench, bench, endpoint, rawService, service, test, until } from "./fixture.test.ts";

/** Requests that are asked and never answered. */
async function held({ gateway, port }: Bench, count: number): Promise<Disposable> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET /held HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    sockets.push(socket);
    // No more at once than a port keeps waiting: what is above is asked for again by the kernel, a second later.
    if (sockets.length % 128 === 0 || sockets.length === count)
      await until(() => gateway.stats().inFlight === sockets.length);
  }
  return {
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

nodeTest(
  "a service of which nothing is written has 1,024 requests at once; the next one waits, and is refused",
  async () => {
    await using users = await rawService(() => {});
    await using front = await bench({
      gateway: { transport: "engine", max_connections: 2_000 },
      routes: {
        "/held": { service: "users", retries: 0 },
        "/short": { service: "users", timeout: "30ms", retries: 0 },
      },
      endpoints: [endpoint(users.port)],
    });
    {
      using _full = await held(front, 1_024);
      await until(() => users.count === 1_024);
      const refused = await ask(front.port, "/short");
      assert.deepEqual([refused.status, refused.code], [503, "GATEWAY_SHED"]);
      assert.equal(refused.header("proxy-status"), "tusker; error=connection_limit_reached");
      assert.equal(front.metric('tusker_gateway_shed_total{service="users",priority="normal"}'), 1);
    }
    await until(() => front.gateway.stats().inFlight === 0);
    const late = await ask(front.port, "/short");
    assert.equal(late.code, "GATEWAY_TIMEOUT", "the places of those that went away are free");
  },
);

test("who asks for a tunnel has a place until it is answered", async () => {
  let answer = (): void => {};
  await using users = await rawService((socket) => {
    answer = () =>
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
    socket.on("data", () => {});
  });
  await using front = await bench({
    // compat has no tunnels.
    gateway: { transport: "engine", upstreams: { users: { max_in_flight: 1, max_queued: 0 } } },
    routes: { "/*": { service: "users", timeout: "5s", retries: 0 } },
    endpoints: [endpoint(users.port)],
  });
  const client: Socket = connect(front.port, "127.0.0.1");
  client.write("GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  await until(() => users.count === 1);
  assert.equal((await ask(front.port, "/")).code, "GATEWAY_SHED");
  const opened = once(client, "data");
  answer();
  await opened;
  const beside = ask(front.port, "/");
  await until(() => users.count === 2);
  client.destroy();
  await front.gateway[Symbol.asyncDispose]();
  await beside;
});

nodeTest(
  "threads take the places of a service, and those in its line, from one number, and hear of one that another gave back",
  async () => {
    const answers: (() => void)[] = [];
    await using users = await service(async (exchange) => {
      await new Promise<void>((resolve) => answers.push(resolve));
      await exchange.respond({ status: 200 });
    });
    const memory = sharedMemory({ threads: 2, seed: 1 });
    const frontOf = (thread: number): Promise<Bench> =>
      bench({
        gateway: {
          transport: "engine",
          upstreams: { users: { max_in_flight: 1, max_queued: 1, queue_timeout: "30s" } },
        },
        routes: { "/*": { service: "users", retries: 0 } },
        endpoints: [endpoint(users.port)],
        shared: { memory, thread, threads: 2 },
      });
    await using one = await frontOf(0);
    await using two = await frontOf(1);
    const first = ask(one.port, "/");
    await until(() => answers.length === 1);
    const second = ask(two.port, "/");
    await until(() => two.gateway.stats().inFlight === 1);
    for (const { port } of [one, two]) assert.equal((await ask(port, "/")).code, "GATEWAY_SHED");
    answers[0]?.();
    assert.equal((await first).status, 200);
    await until(() => answers.length === 2);
    answers[1]?.();
    assert.equal((await second).status, 200);
  },
);

nodeTest("plain requests teach the adaptive limit as all others do", async () => {
  const clock = manualClock();
  let waiting: (() => void)[] = [];
  await using users = await service(async (exchange) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    await exchange.respond({ status: 200 });
  });
  await using front = await bench({
    gateway: {
      transport: "engine",
      upstreams: { users: { adaptive: true, max_in_flight: 60, max_queued: 0 } },
    },
    routes: { "/*": { service: "users", retries: 0 } },
    endpoints: [endpoint(users.port)],
    clock,
  });
  /** How many of thirty at once find a place. */
  const admitted = async (): Promise<number> => {
    const refused = front.metric(shed);
    const asked = Array.from({ length: 30 }, () => ask(front.port, "/"));
    await until(() => waiting.length + front.metric(shed) - refused === 30);
    const count = waiting.length;
    clock.advance(101);
    for (const answer of waiting) answer();
    waiting = [];
    await Promise.all(asked);
    return count;
  };
  assert.equal(await admitted(), 20, "where it begins");
  for (let round = 0; round < 3; round++) await admitted();
  assert.ok((await admitted()) > 20, "answers take no longer: more would do");
});

const shed = 'tusker_gateway_shed_total{service="users",priority="normal"}';
