/** A server of one kind, for `bench/net`: `node server.ts <kind>`. Prints its port. */
import { createServer } from "node:http";
import { serveHttp1, startHttp1Server } from "../../src/net/index.ts";

const kind = process.argv[2] ?? "";
const fields = ["Content-Type", "application/json"];
const body = JSON.stringify({ id: "123", name: "Ada Lovelace", email: "ada@example.test", active: true });
const large = Buffer.alloc(1024 * 1024, "x");

/** 1 MiB made for whoever asked, piece by piece: what waits for a slow reader is memory of its own. */
async function* fresh(): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < 16; piece++) yield Buffer.alloc(64 * 1024, piece);
}

async function start(): Promise<number> {
  switch (kind) {
    case "engine":
      return (
        await startHttp1Server(
          (exchange) => exchange.send(200, fields, exchange.head.target === "/1m" ? large : body),
          { port: 0, maxConnections: 20_000, maxRequests: Number.POSITIVE_INFINITY },
        )
      ).port;
    case "engine, promises":
      return (
        await serveHttp1(
          (exchange) =>
            exchange.respond({
              status: 200,
              headers: fields,
              body: exchange.target === "/1m" ? fresh() : body,
            }),
          { port: 0, maxConnections: 20_000, maxRequests: Number.POSITIVE_INFINITY },
        )
      ).port;
    case "node:http": {
      const server = createServer((request, response) => {
        const answer = request.url === "/1m" ? large : body;
        response.writeHead(200, { "Content-Type": "application/json", "Content-Length": answer.length });
        response.end(answer);
      });
      server.keepAliveTimeout = 60_000;
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = server.address();
      return typeof address === "object" && address !== null ? address.port : 0;
    }
    default:
      throw new Error(`no server of kind "${kind}"`);
  }
}

console.log(await start());
