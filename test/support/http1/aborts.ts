import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Random } from "../../../src/kernel/index.ts";

/** An origin that breaks off as its path says: `/<answer>/<manner>`. */
export async function startBreakingOrigin(): Promise<{ readonly port: number } & AsyncDisposable> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    let text = "";
    socket.on("data", (chunk) => {
      text = (text + chunk.toString("latin1")).slice(-8_192);
      const [, answer = "", manner] = / \/(\w+)\/(\w+) HTTP\/1\.1\r\n.*\r\n\r\n/s.exec(text) ?? [];
      if (manner === undefined) return;
      text = "";
      socket.write(answers[answer] ?? "");
      if (manner === "ends") socket.end();
      else if (manner === "resets") setImmediate(() => socket.resetAndDestroy());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** How far an answer comes before its origin breaks off. */
const answers: Readonly<Record<string, string>> = {
  nothing: "",
  line: "HTTP/1.1 20",
  head: "HTTP/1.1 200 OK\r\nX-Half: ",
  interim: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
  counted: "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\nsome",
  chunks: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n9",
  nonsense: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz",
  switched: "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello",
  whole: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsome",
};

const requests: readonly ((target: string) => string)[] = [
  (target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`,
  (target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\nGET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`,
  (target) => `PUT ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\npart`,
  (target) => `POST ${target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n9\r\nx`,
  (target) => `POST ${target} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n`,
  (target) => `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello`,
  (target) => `GET ${target} HTTP/1.1\r\nHost: a\r\nX-Half: `,
  () => "GE",
];

/**
 * Exchanges that nobody brings to an end, `cases` of them, `at` at a time: every way of asking, every way of breaking
 * off on either side, in an order that `random` gives.
 */
export async function aborts(port: number, random: Random, cases: number, at = 32): Promise<void> {
  let left = cases;
  const names = Object.keys(answers);
  const one = async (): Promise<void> => {
    const answer = names[random.below(names.length)] ?? "nothing";
    const manner = ["ends", "resets", "stays"][random.below(3)] ?? "ends";
    const text = requests[random.below(requests.length)]?.(`/${answer}/${manner}`) ?? "";
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    const closed = once(socket, "close");
    const leave = ["resets", "destroys", "ends", "resets"][random.below(4)];
    const patience = random.below(4);
    socket.once("connect", () => socket.write(text.slice(0, 1 + random.below(2 * text.length))));
    await once(socket, "connect");
    for (let turn = 0; turn < patience; turn++) await new Promise(setImmediate);
    if (leave === "resets") socket.resetAndDestroy();
    else if (leave === "destroys") socket.destroy();
    else {
      // Reads on for a moment: some are answered before they go.
      socket.resume();
      socket.end();
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      socket.destroy();
    }
    await closed;
  };
  const worker = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: at }, worker));
}
