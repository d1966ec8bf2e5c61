import type { Socket } from "node:net";
import type { Clock } from "../../../kernel/index.ts";
import { preface } from "../words.ts";

export interface Choice {
  readonly clock: Clock;
  /** How long a client may say nothing. */
  readonly timeoutMs: number;
  readonly http2: (socket: Socket, early: Buffer | undefined) => void;
  readonly http1: (socket: Socket, early: Buffer | undefined) => void;
}

/**
 * Which protocol a connection speaks: by ALPN where there is TLS, else by its first bytes (RFC 9113 §3.3). Three bytes
 * decide: no method of HTTP/1.1 begins with `PRI`.
 */
export function choose(socket: Socket, choice: Choice): void {
  if ("alpnProtocol" in socket) {
    const chosen = socket.alpnProtocol === "h2" ? choice.http2 : choice.http1;
    chosen(socket, undefined);
    return;
  }
  let early: Buffer = Buffer.alloc(0);
  const limit = choice.clock.after(choice.timeoutMs, () => socket.destroy(), { background: true });
  const settle = (): void => {
    limit.cancel();
    socket.off("data", onData).off("close", settle).off("error", onError);
  };
  const onError = (): void => {
    // "close" follows.
  };
  const onData = (chunk: Buffer): void => {
    early = Buffer.concat([early, chunk]);
    const enough = Math.min(early.byteLength, 3);
    const maybe = preface.compare(early, 0, enough, 0, enough) === 0;
    if (maybe && enough < 3) return;
    settle();
    const chosen = maybe ? choice.http2 : choice.http1;
    chosen(socket, early);
  };
  socket.on("data", onData).once("close", settle).on("error", onError);
}
