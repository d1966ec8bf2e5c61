import type { ServerExchange } from "../net/index.ts";

/** What may wait for a slow reader before it is cut off, in characters. */
const maxWaiting = 4 * 1024 * 1024;

/**
 * Answers with a stream that goes on until the client leaves. A reader who cannot keep up is cut off instead of
 * growing our memory; it may come back and ask again.
 *
 * @param begin is given a way to send, and returns what to dispose when the client is gone
 */
export async function stream(
  exchange: ServerExchange,
  mediaType: string,
  begin: (send: (text: string) => void) => Disposable,
): Promise<void> {
  let waiting: string[] = [];
  let size = 0;
  let wake: (() => void) | undefined;
  let ended = false;
  const listening = begin((text) => {
    if (ended) return;
    waiting.push(text);
    size += text.length;
    if (size > maxWaiting) {
      end();
      exchange.abort();
    }
    wake?.();
  });
  const end = (): void => {
    ended = true;
    waiting = [];
    listening[Symbol.dispose]();
    wake?.();
  };
  exchange.signal.addEventListener("abort", end, { once: true });
  async function* body(): AsyncGenerator<Uint8Array> {
    while (!ended) {
      if (waiting.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
      const text = waiting.join("");
      waiting = [];
      size = 0;
      if (text !== "") yield Buffer.from(text);
    }
  }
  try {
    await exchange.respond({
      status: 200,
      headers: ["Content-Type", mediaType, "Cache-Control", "no-store"],
      body: body(),
    });
  } finally {
    end();
  }
}
