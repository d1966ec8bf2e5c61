/**
 * Child process: a proxy at its plainest, as it is written in an afternoon. The next of `PORTS` in turn, and after a
 * failure the next one again, `RETRIES` times: no breaker, no budget, no wait.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { type Dispatcher, Pool } from "undici";

const pools = (process.env.PORTS ?? "").split(",").map((port) => new Pool(`http://127.0.0.1:${port}`));
const retries = Number(process.env.RETRIES ?? 0);
let turn = 0;

const server = createServer((request, response) => {
  const path = request.url ?? "/";
  void ask(path, retries).then(
    ({ statusCode, body }) => {
      response.statusCode = statusCode;
      pipeline(body, response, () => {});
    },
    () => {
      response.statusCode = 502;
      response.end();
    },
  );
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit(0));

async function ask(path: string, left: number): Promise<Dispatcher.ResponseData> {
  const pool = pools[turn++ % pools.length];
  if (pool === undefined) throw new Error("PORTS names nobody");
  const answer = await pool.request({ method: "GET", path });
  if (answer.statusCode < 500 || left === 0) return answer;
  await answer.body.dump();
  return ask(path, left - 1);
}
