/** Messages of one stream that may follow each other before everybody else has a turn. */
const messagesPerTurn = 64;

/** Lets the event loop go round now and then: whoever has everything at hand would otherwise keep it to himself. */
export class Pace {
  #count = 0;

  /** Call after each message; undefined when there is nothing to wait for. */
  next(): Promise<void> | undefined {
    if (++this.#count % messagesPerTurn !== 0) return undefined;
    return new Promise((resolve) => setImmediate(resolve));
  }
}
