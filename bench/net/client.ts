/** A client of one kind, for `bench/net`: `node client.ts <kind> <port> <count>`. Prints its CPU per request, in µs. */
import { Pool } from "undici";
import { createHttp1Client, http1Pool } from "../../src/net/index.ts";

const [kind = "", port = "", count = ""] = process.argv.slice(2);
const origin = `http://127.0.0.1:${port}`;
const concurrency = 64;
const fields = ["Accept", "application/json", "User-Agent", "bench", "X-Request-Id", "8f14e45fceea167a"];

type Ask = () => Promise<number>;

function asker(): Ask {
  switch (kind) {
    case "engine": {
      const client = createHttp1Client(origin);
      return () =>
        new Promise((resolve, reject) => {
          let size = 0;
          client.send(
            { method: "GET", target: "/", fields, headTimeoutMs: 30_000, repeatable: true },
            {
              onSent() {},
              onInform() {},
              onHead() {},
              onBody(bytes) {
                size += bytes.byteLength;
              },
              onEnd: () => resolve(size),
              onDrain() {},
              onTunnel() {},
              onFailed: reject,
            },
          );
        });
    }
    case "engine, promises": {
      const pool = http1Pool(origin);
      return async () => {
        const answer = await pool.request({ method: "GET", path: "/", headers: fields });
        return (await answer.bytes(10_000)).byteLength;
      };
    }
    case "undici Pool": {
      const pool = new Pool(origin, { connections: 128, pipelining: 1 });
      return async () => {
        const answer = await pool.request({ method: "GET", path: "/", headers: fields });
        return (await answer.body.arrayBuffer()).byteLength;
      };
    }
    default:
      throw new Error(`no client of kind "${kind}"`);
  }
}

async function run(ask: Ask, times: number): Promise<void> {
  let left = times;
  const lane = async (): Promise<void> => {
    while (left-- > 0) if ((await ask()) === 0) throw new Error("an empty answer");
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

const ask = asker();
await run(ask, 5_000);
const before = process.cpuUsage();
await run(ask, Number(count));
const { user, system } = process.cpuUsage(before);
console.log((user + system) / Number(count));
process.exit(0);
