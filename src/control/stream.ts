import type { ServerExchange } from "../net/index.ts";

/** What may wait for a slow reader before it is cut off, in characters. */
const maxWaiting = 4 * 1024 * 1024;
/** What is past is written in pieces of about this many characters. */
const pieceLength = 64 * 1024;

/**
 * Answers with a stream that goes on until the client leaves: first what is past, at the reader's pace, then what
 * comes. A reader who cannot keep up is cut off instead of growing our memory; it may come back and ask again.
 *
 * @param past is read once, piece by piece
 * @param begin is given a way to send, and returns what to dispose when the client is gone
 */
export async function stream(
  exchange: ServerExchange,
  mediaType: string,
  past: Iterable<string>,
  begin: (send: (text: string) => void) => Disposable,
): Promise<void> {
  let waiting: string[] = [];
  let size = 0;
  let wake: (() => void) | undefined;
  let ended = false;
  const end = (): void => {
    ended = true;
    waiting = [];
    wake?.();
  };
  using _listening = begin((text) => {
    if (ended) return;
    waiting.push(text);
    size += text.length;
    if (size > maxWaiting) {
      end();
      exchange.abort();
    }
    wake?.();
  });
  exchange.signal.addEventListener("abort", end, { once: true });
  async function* body(): AsyncGenerator<Uint8Array> {
    for (const text of inPieces(past)) {
      if (ended) return;
      yield Buffer.from(text);
    }
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

function* inPieces(texts: Iterable<string>): Generator<string> {
  let piece = "";
  for (const text of texts) {
    piece += text;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
