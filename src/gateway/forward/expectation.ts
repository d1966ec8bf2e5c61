import type { Clock } from "../../kernel/index.ts";
import type { ByteStream, ServerExchange } from "../../net/index.ts";

/** How long a service that says nothing to an expectation is waited for: it may have ignored it. Milliseconds. */
const patienceMs = 1_000;

/**
 * A client's `Expect: 100-continue`, passed on (RFC 9110 §10.1.1): the service says whether it wants the body before the
 * client sends it. A service that refuses by the head alone, for want of a right or of room, is spared the body, and so
 * is the client.
 */
export class Expectation implements Disposable {
  readonly #wanted = Promise.withResolvers<void>();
  readonly #timer: Disposable;

  constructor(clock: Clock) {
    this.#timer = clock.after(patienceMs, () => this.#wanted.resolve(), { background: true });
  }

  /** The service wants the body. */
  continue(): void {
    this.#wanted.resolve();
  }

  /** The body, once it is wanted; its reader waits for ever when the service has answered without it. */
  async *heldBack(body: ByteStream): AsyncGenerator<Uint8Array> {
    await this.#wanted.promise;
    yield* body;
  }

  /** The service has answered, or failed: whoever still waits for the body does so in vain. */
  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }
}

/** True when a client waits for 100 before it sends its body; HTTP/1.0 knows no such word. */
export function expects(exchange: ServerExchange): boolean {
  return exchange.httpVersion === "1.1" && exchange.header("expect") !== undefined && exchange.hasBody;
}
