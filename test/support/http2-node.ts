import { type Http2Session, performServerHandshake } from "node:http2";
import { duplexPair } from "node:stream";
import { errorName } from "../../src/net/http2/words.ts";
import type { Expected } from "./http2-model.ts";
import { FrameCutter, rawFrame } from "./http2-peer.ts";

/** Answered after everything before it was read. */
const last = rawFrame(6, 0, 0, "00000000000000ff");

/** What a server of node:http2 whose streams nobody answers says to a client, without a socket in between. */
export async function nodeSaid(bytes: Buffer): Promise<Expected> {
  const [client, server] = duplexPair();
  const session: Http2Session = performServerHandshake(server);
  const closed = new Promise<void>((resolve) => session.once("close", resolve));
  session.on("error", () => {});
  session.on("stream", (stream) => stream.on("error", () => {}));
  const resets: string[] = [];
  let goaway: string | undefined;
  const over = Promise.withResolvers<void>();
  const cutter = new FrameCutter();
  client.on("data", (said: Buffer) => {
    for (const { type, flags, id, payload } of cutter.push(said)) {
      if (type === 3) resets.push(`${id} ${errorName(payload.readUInt32BE(0))}`);
      if (type === 7) goaway ??= errorName(payload.readUInt32BE(4));
      const answered = type === 6 && flags === 1 && payload[7] === 0xff;
      // Its frames come in one piece, or in the next turn.
      if (type === 7 || answered) setImmediate(over.resolve);
    }
  });
  client.on("close", over.resolve).on("error", () => {});
  client.write(Buffer.concat([bytes, last]));
  await over.promise;
  const said = { resets: [...resets], goaway };
  session.destroy();
  client.destroy();
  server.destroy();
  await closed;
  return said;
}
