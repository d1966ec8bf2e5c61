import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/**
 * Two proxies that exist to be found out. Both look for Content-Length and believe the first, whatever else is said.
 * `verbatim` passes bytes on as they came; `lenient` skips what it cannot read and writes the rest neatly, so that
 * every request it makes up looks right by itself.
 */
export type Manner = "verbatim" | "lenient";

export interface CarelessProxy extends AsyncDisposable {
  readonly port: number;
}

/** Starts one in front of a port. It exists to be found out. */
export async function startCarelessProxy(originPort: number, manner: Manner): Promise<CarelessProxy> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    const origin = track(connect(originPort, "127.0.0.1"));
    let waiting: Buffer = Buffer.alloc(0);
    track(client).on("data", (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      if (manner === "lenient") waiting = fromRequestLine(waiting);
      for (let size = sizeOf(waiting); size > 0; size = sizeOf(waiting)) {
        const request = waiting.subarray(0, size);
        origin.write(manner === "verbatim" ? request : neat(request));
        waiting = waiting.subarray(size);
        if (manner === "lenient") waiting = fromRequestLine(waiting);
      }
    });
    origin.on("data", (chunk: Buffer) => client.write(chunk));
    origin.on("end", () => client.end()).on("close", () => client.destroy());
    client.on("end", () => origin.end()).on("close", () => origin.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Bytes of the first request: its head, and as many as the first Content-Length says. 0: not all there yet. */
function sizeOf(bytes: Buffer): number {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return 0;
  const length = /\r\ncontent-length:\s*(\d+)/i.exec(bytes.toString("latin1", 0, end + 2))?.[1] ?? "0";
  const size = end + 4 + Number(length);
  return size <= bytes.length ? size : 0;
}

function fromRequestLine(bytes: Buffer): Buffer {
  const at = bytes.toString("latin1").search(/^[A-Z]+ \/\S* HTTP\/1\.1\r$/m);
  return at < 0 ? bytes.subarray(0, 0) : bytes.subarray(at);
}

/** The same request with one Content-Length and without what does not look like a field. */
function neat(request: Buffer): Buffer {
  const end = request.indexOf("\r\n\r\n");
  const [first = "", ...lines] = request.toString("latin1", 0, end).split("\r\n");
  const body = request.subarray(end + 4);
  const fields = lines
    .filter((line) => /^[A-Za-z-]+: [\x21-\x7e]+$/.test(line))
    .filter((line) => !/^(content-length|transfer-encoding|connection):/i.test(line));
  const host = fields.some((line) => /^host:/i.test(line)) ? [] : ["Host: nobody"];
  const head = [first, ...host, ...fields, `Content-Length: ${body.length}`].join("\r\n");
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), body]);
}
