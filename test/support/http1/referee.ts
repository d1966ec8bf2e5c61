import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { type Message, readMessages, valuesOf } from "./reference.ts";

/** An origin that trusts nobody: it reads every byte again and remembers what a careful sender would not have sent. */
export interface Referee extends AsyncDisposable {
  readonly port: number;
  /** What was wrong with bytes that arrived; empty as long as everything was canonical. */
  readonly faults: readonly string[];
  /** Takes the requests that came for a case, in order, out of the memory. */
  seen(id: string): readonly Message[];
  /** Requests that belong to no case: they must not exist. */
  readonly strays: number;
}

/** Fields of one hop only (RFC 9110 §7.6.1): a proxy that passes them on has not read them. */
const oneHop = new Set(["keep-alive", "proxy-connection", "http2-settings", "proxy-authorization"]);

/** Starts the referee. It answers each request with its `X-Case` in `X-Echo` and the length of the body it read. */
export async function startReferee(): Promise<Referee> {
  const faults: string[] = [];
  const byCase = new Map<string, Message[]>();
  const sockets = new Set<Socket>();
  let strays = 0;

  const remember = (message: Message): string => {
    const names = valuesOf(message.fields, "x-case");
    const [name = ""] = names;
    const id = name.slice(0, name.lastIndexOf("."));
    for (const fault of faultsOf(message)) faults.push(`${name}: ${fault}`);
    if (names.length !== 1 || id === "") {
      strays++;
      faults.push(`a request of no case: ${message.start.join(" ")} X-Case ${names.join(", ") || "none"}`);
    } else byCase.set(id, [...(byCase.get(id) ?? []), message]);
    return name;
  };

  const server = createServer({ noDelay: true }, (socket) => {
    let received: Buffer = Buffer.alloc(0);
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const { messages, used, end, why } = readMessages(received, { kind: "request", form: "canonical" });
      received = received.subarray(used);
      for (const message of messages) socket.write(answerTo(message, remember(message)), "latin1");
      if (end === "malformed") {
        faults.push(`${why}: ${JSON.stringify(received.toString("latin1", 0, 300))}`);
        socket.destroy();
      } else if (end === "closed") socket.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    faults,
    seen(id) {
      const found = byCase.get(id) ?? [];
      byCase.delete(id);
      return found;
    },
    get strays() {
      return strays;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function faultsOf({ fields }: Message): string[] {
  return fields.flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    if (oneHop.has(lower)) return [`the field ${name} of one hop was passed on`];
    if (lower === "te" && value !== "trailers") return [`TE: ${value} was passed on`];
    if (name.includes("_")) return [`the field ${name} reads like another to a CGI service`];
    return [];
  });
}

function answerTo({ start: [method], body }: Message, name: string): string {
  const text = `${name} ${body.length}`;
  const head = `HTTP/1.1 200 OK\r\nX-Echo: ${name}\r\nContent-Length: ${text.length}\r\n\r\n`;
  return method === "HEAD" ? head : head + text;
}
