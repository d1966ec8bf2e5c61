/** What callers see of servers that vanish without a word. */
import { strict as assert } from "node:assert";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { systemClock, TuskerError } from "../../src/kernel/index.ts";
import { client } from "../../src/rpc/index.ts";
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

const isLate = (error: unknown): boolean =>
  error instanceof TuskerError && error.code === "RESILIENCE_DEADLINE";

test("a server that is stopped costs a call its deadline; the next one is answered on a new connection", async () => {
  await using server = await startJobs();
  await using relay = await Relay.to(server.grpcPort);
  await using jobs = client(Jobs, { protocol: "grpc", url: relay.url });
  assert.deepEqual(await jobs.work({ n: 1 }), { n: 1 });
  server.child.kill("SIGSTOP");
  const asked = systemClock.now();
  // A timer of the same time beside it: what holds up this process holds up both.
  const due = systemClock.sleep(400).then(() => systemClock.now());
  await assert.rejects(() => jobs.work({ n: 2 }, { timeoutMs: 400 }), isLate);
  const gaveUp = systemClock.now();
  assert.ok(gaveUp - asked >= 390 && gaveUp - (await due) < 1_000, `gave up after ${gaveUp - asked} ms`);
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
