/** What callers see of servers that vanish without a word, and of servers that are replaced under load. */
import { strict as assert } from "node:assert";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { Users } from "../../examples/shop/services/contracts.ts";
import type { ConnectionsView } from "../../src/control/index.ts";
import { registryDiscovery } from "../../src/discovery/index.ts";
import { systemClock, systemRandom, TuskerError } from "../../src/kernel/index.ts";
import { httpClient } from "../../src/net/index.ts";
import { client } from "../../src/rpc/index.ts";
import { type Told, upFleet } from "../support/fleet.ts";
import { Jobs, startJobs } from "../support/jobs.ts";
import { until } from "../support/until.ts";

/** Passes bytes on between a client and a port; what has fallen into the hole is gone, and nobody is told. */
class Relay implements AsyncDisposable {
  readonly #server = createServer((inner) => this.#join(inner));
  readonly #sockets = new Set<Socket>();
  readonly #port: number;
  /** Connections so far. */
  connections = 0;
  /** Those up to this one swallow everything. */
  hole = 0;

  private constructor(port: number) {
    this.#port = port;
  }

  static async to(port: number): Promise<Relay> {
    const relay = new Relay(port);
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  #join(inner: Socket): void {
    const number = ++this.connections;
    const outer = connect(this.#port, "127.0.0.1");
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => to.destroy()).on("close", () => to.destroy());
      from.on("data", (bytes) => (number <= this.hole ? undefined : to.write(bytes)));
    }
  }
}

const isUser = ({ type, service }: Told): boolean => type === "ready" && service === "user-service";
const isLate = (error: unknown): boolean =>
  error instanceof TuskerError && error.code === "RESILIENCE_DEADLINE";

test("a server that is stopped costs a call its deadline; the next one is answered on a new connection", async () => {
  await using server = await startJobs();
  await using relay = await Relay.to(server.grpcPort);
  await using jobs = client(Jobs, { protocol: "grpc", url: relay.url });
  assert.deepEqual(await jobs.work({ n: 1 }), { n: 1 });
  server.child.kill("SIGSTOP");
  const asked = performance.now();
  await assert.rejects(() => jobs.work({ n: 2 }, { timeoutMs: 400 }), isLate);
  const took = performance.now() - asked;
  assert.ok(took >= 390 && took < 1_400, `gave up after ${took} ms`);
  const next = jobs.work({ n: 3 }, { timeoutMs: 60_000 });
  await until("a second connection", () => relay.connections === 2);
  server.child.kill("SIGCONT");
  assert.deepEqual(await next, { n: 3 });
  assert.equal(relay.connections, 2);
});

test("behind a proxy that swallows everything a call ends by its deadline, and the next one goes round it", async () => {
  await using server = await startJobs();
  await using relay = await Relay.to(server.grpcPort);
  await using jobs = client(Jobs, { protocol: "grpc", url: relay.url });
  assert.deepEqual(await jobs.work({ n: 1 }), { n: 1 });
  relay.hole = 1;
  const many = Array.from({ length: 3 }, (_, n) => jobs.work({ n }, { timeoutMs: 300 }));
  for (const result of await Promise.allSettled(many))
    assert.ok(result.status === "rejected" && isLate(result.reason));
  assert.deepEqual(await jobs.work({ n: 3 }, { timeoutMs: 60_000 }), { n: 3 });
  assert.equal(relay.connections, 2);
});

test("two instances that are told to end under load, one after the other, fail no call over gRPC", async () => {
  await using fleet = await upFleet({ args: ["--set", "services.user-service.instances=2"] });
  await using http = httpClient();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const ports = { http, log, clock: systemClock, random: systemRandom };
  await using discovery = registryDiscovery({ url: fleet.registry, ...ports });
  await using users = client(Users, { protocol: "grpc", parts: { discovery } });
  let answered = 0;
  let stop = false;
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    while (!stop)
      await users.getUser({ id: "123" }).then(
        () => answered++,
        (error: unknown) => failures.push(error),
      );
  };
  const workers = Array.from({ length: 8 }, worker);
  await until("answers before", () => answered > 200);
  const shown = await fleet.tusker("ps", "user-service", "--json");
  const connected = (JSON.parse(shown.stdout) as ConnectionsView[]).flatMap(({ connections }) => connections);
  assert.ok(connected.length >= 2, shown.stdout);
  assert.ok(
    connected.every(({ streamsSucceeded, messagesReceived }) => streamsSucceeded + messagesReceived > 0),
  );
  const first = fleet.told.filter(isUser).map(({ pid }) => Number(pid));
  assert.equal(first.length, 2);
  for (const [i, pid] of first.entries()) {
    process.kill(pid, "SIGTERM");
    await until("its successor", () => fleet.told.filter(isUser).length === 3 + i, 60_000);
  }
  const before = answered;
  await until("answers after", () => answered > before + 200);
  stop = true;
  await Promise.all(workers);
  assert.deepEqual(failures, []);
});
