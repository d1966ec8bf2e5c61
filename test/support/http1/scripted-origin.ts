import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { readMessages, valuesOf } from "./reference.ts";

/** An origin that says what it was told to say, whatever that is: services that lie, for whoever must not believe them. */
export interface ScriptedOrigin extends AsyncDisposable {
  readonly port: number;
  /** Open connections. */
  readonly open: number;
  /** The request `<id>.0` is answered with these bytes, in two pieces if they are to be cut. */
  say(id: string, bytes: Buffer, cutAt?: number): void;
  forget(id: string): void;
}

/** Starts one. It answers every request but the first of a case honestly, with its `X-Case` in `X-Echo`. */
export async function startScriptedOrigin(): Promise<ScriptedOrigin> {
  const sockets = new Set<Socket>();
  const scripts = new Map<string, { readonly bytes: Buffer; readonly cutAt: number }>();

  const answer = async (socket: Socket, method: string, name: string): Promise<void> => {
    const script = name.endsWith(".0") ? scripts.get(name.slice(0, -2)) : undefined;
    if (script === undefined) {
      socket.write(honest(method, name), "latin1");
      return;
    }
    const { bytes, cutAt } = script;
    socket.write(bytes.subarray(0, cutAt));
    if (cutAt < bytes.length) {
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(bytes.subarray(cutAt));
    }
    // Who waits for the rest of what is no answer shall hear that there is none.
    if (!isWhole(bytes, method)) socket.end();
  };

  const server = createServer({ noDelay: true }, (socket) => {
    let received: Buffer = Buffer.alloc(0);
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const { messages, used } = readMessages(received, { kind: "request", form: "canonical" });
      received = received.subarray(used);
      for (const { start, fields } of messages)
        void answer(socket, start[0], valuesOf(fields, "x-case")[0] ?? "");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    get open() {
      return sockets.size;
    },
    say: (id, bytes, cutAt = bytes.length) => scripts.set(id, { bytes, cutAt }),
    forget: (id) => scripts.delete(id),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** True when the bytes are an answer that is complete without the end of its connection, and nothing else. */
function isWhole(bytes: Buffer, method: string): boolean {
  const { messages, end } = readMessages(bytes, {
    ...{ kind: "response", form: "received", methods: [method] },
  });
  return end === "open" && messages.some(({ start }) => Number(start[1]) >= 200);
}

function honest(method: string, name: string): string {
  const head = `HTTP/1.1 200 OK\r\nX-Echo: ${name}\r\nContent-Length: ${name.length}\r\n\r\n`;
  return method === "HEAD" ? head : head + name;
}
