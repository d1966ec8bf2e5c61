import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "undici";
import { systemClock } from "../../../src/kernel/index.ts";
import { type TuskerProcess, tuskerProcess } from "../../../test/support/tusker-process.ts";
import type { Figure } from "../../figure.ts";
import { origins } from "./lab.ts";

const limit = 100;
const keys = 5;
/** What each of them asks: five times what he may, evenly over a minute that ends before the limit's own. */
const perKey = 5 * limit;
const seconds = 59;

/**
 * `tusker gateway` as it is installed, with one worker and with two, for a whole minute. Beside them what fleets do that
 * have no memory in common: two gateways in turn, each with a count of its own.
 */
export async function* limits(): AsyncGenerator<Figure> {
  using service = await origins(1);
  const [port = 0] = service.ports;
  using folder = fileFor(port);
  await using stack = new AsyncDisposableStack();
  const front = async (workers: number): Promise<string> => urlOf(stack.use(gateway(folder.file, workers)));
  const [one, two, left, right] = await Promise.all([front(1), front(2), front(1), front(1)]);
  const [single, double, apart] = await Promise.all([
    farthest([one]),
    farthest([two]),
    farthest([left, right]),
  ]);
  for (const [workers, value] of [
    ["one worker", single],
    ["two workers", double],
  ] as const)
    yield {
      name: `processes: rate limit over a minute, ${workers}: distance from the limit`,
      value,
      unit: "",
      peers: { "round robin over two gateways": apart },
    };
}

function fileFor(port: number): Disposable & { readonly file: string } {
  const path = mkdtempSync(join(tmpdir(), "tusker-lab-"));
  const file = join(path, "limits.tsk");
  writeFileSync(
    file,
    `[service_discovery]
enabled: false
[tracing]
enabled: false
[gateway]
upstreams: { users: { endpoints: ["127.0.0.1:${port}"] } }
[routes]
"/*": { service: "users", rate_limit: { requests: ${limit}, window: "1m", key: "header:x-user" } }
`,
  );
  return { file, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

function gateway(file: string, workers: number): TuskerProcess {
  const args = ["gateway", "--config", file, "--port", "0", "--workers", String(workers), "--json"];
  return tuskerProcess(args, { cwd: "/" });
}

async function urlOf(running: TuskerProcess): Promise<string> {
  return String((await running.line((line) => "gateway" in line)).gateway).replace("localhost", "127.0.0.1");
}

/** How far the key that was admitted most wrongly is from its limit. Requests go to the gateways in turn. */
async function farthest(urls: readonly string[]): Promise<number> {
  const pools = urls.map((url) => new Pool(url, { connections: 32, pipelining: 1 }));
  const admitted = Array.from({ length: keys }, () => 0);
  const running: Promise<void>[] = [];
  const ask = async (pool: Pool, key: number): Promise<void> => {
    const { statusCode, body } = await pool.request({
      method: "GET",
      path: "/",
      headers: { "x-user": `user-${key}` },
    });
    await body.dump();
    if (statusCode === 200) admitted[key] = (admitted[key] ?? 0) + 1;
  };
  const startMs = systemClock.now();
  for (let round = 0; round < perKey; round++) {
    const dueMs = startMs + (round * seconds * 1_000) / perKey;
    await systemClock.sleep(Math.max(0, dueMs - systemClock.now()));
    const pool = pools[round % pools.length];
    // All keys at once: with few requests under way the pool would use few of its connections, and so few workers.
    if (pool !== undefined) for (let key = 0; key < keys; key++) running.push(ask(pool, key));
  }
  await Promise.all(running);
  await Promise.all(pools.map((pool) => pool.close()));
  return Math.max(...admitted.map((count) => Math.abs(count - limit)));
}
