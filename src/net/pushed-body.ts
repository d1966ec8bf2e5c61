/** Bytes that go to many: what stands around them on a connection is made once. Nobody may change them any more. */
export class SharedBytes {
  readonly bytes: Uint8Array;
  #chunk: Uint8Array | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** As a chunk (RFC 9112 §7.1). */
  get chunk(): Uint8Array {
    const head = `${this.bytes.byteLength.toString(16)}\r\n`;
    this.#chunk ??= Buffer.concat([Buffer.from(head), this.bytes, Buffer.from("\r\n")]);
    return this.#chunk;
  }
}

/** Where a pushed body goes. */
export interface BodySink {
  /** @returns false when the client is behind: write no more until `onDrain` */
  write(bytes: SharedBytes): boolean;
  /** The body is complete. */
  end(): void;
  /** It never will be: its connection breaks. */
  fail(error: unknown): void;
}

/** What makes a pushed body. */
export interface BodySource {
  /** The client has taken what was written. */
  onDrain(): void;
  /** Nobody hears any more. Told once, also after `end` and `fail`. */
  onEnd(): void;
}

/**
 * A body that is written when there is something to write, and not when somebody asks for more: for answers that stay
 * open, by the thousand, and hear the same things. A change costs a reader one write and nothing else; as a
 * generator it would cost three times that.
 *
 * Where an engine knows no such thing it is read like any other stream of bytes.
 */
export class PushedBody implements AsyncIterable<Uint8Array> {
  /** Begins; called once. */
  readonly start: (sink: BodySink) => BodySource;

  constructor(start: (sink: BodySink) => BodySource) {
    this.start = start;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return new Pulled(this.start);
  }
}

/** A pushed body as a reader that pulls sees it. No generator: one that waits could not be told that its client went. */
class Pulled implements AsyncIterator<Uint8Array>, BodySink {
  readonly #waiting: Uint8Array[] = [];
  readonly #source: BodySource;
  #over: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;
  #told = false;

  constructor(start: (sink: BodySink) => BodySource) {
    this.#source = start(this);
  }

  write({ bytes }: SharedBytes): boolean {
    if (this.#over === undefined) this.#waiting.push(bytes);
    this.#wake?.();
    return false;
  }

  end(): void {
    this.#over ??= {};
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#over ??= { error };
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#waiting.length === 0 && this.#over === undefined) this.#source.onDrain();
    while (this.#waiting.length === 0 && this.#over === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
    const value = this.#waiting.shift();
    if (value !== undefined) return { done: false, value };
    await this.return();
    if (this.#over !== undefined && "error" in this.#over) throw this.#over.error;
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.end();
    if (!this.#told) this.#source.onEnd();
    this.#told = true;
    return Promise.resolve({ done: true, value: undefined });
  }
}
