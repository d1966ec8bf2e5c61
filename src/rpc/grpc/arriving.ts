import { TuskerError } from "../../kernel/index.ts";

/** Counts what one call holds. */
export interface Account {
  /** @throws TuskerError NET_OVERLOADED */
  take(bytes: number): void;
  giveBack(bytes: number): void;
}

/**
 * What messages that are still arriving, or wait for their reader, may hold together, over all calls of a server. Above
 * the bound the connection that holds most gives way: its own call is refused, or for a neighbour's its largest call ends.
 */
export class Arriving {
  readonly #most: number;
  readonly #holders = new Map<object, Set<Part>>();
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#most = mostBytes;
  }

  /** Bytes of messages that nobody has read. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * What a call holds.
   *
   * @param connection whose call it is: any object that stands for it
   * @param end gives everything back at once and ends the call
   */
  account(connection: object, end: (error: TuskerError) => void): Account {
    const part: Part = { bytes: 0, end };
    return {
      take: (bytes) => {
        while (this.#bytes + bytes > this.#most) this.#relieve(connection);
        this.#change(connection, part, bytes);
      },
      giveBack: (bytes) => this.#change(connection, part, -bytes),
    };
  }

  #change(connection: object, part: Part, bytes: number): void {
    this.#bytes += bytes;
    part.bytes += bytes;
    const parts = this.#holders.get(connection);
    if (part.bytes > 0) {
      if (parts === undefined) this.#holders.set(connection, new Set([part]));
      else parts.add(part);
    } else if (parts?.delete(part) === true && parts.size === 0) this.#holders.delete(connection);
  }

  /** @throws TuskerError NET_OVERLOADED when nobody holds more than who asks */
  #relieve(asking: object): void {
    let greediest: object = asking;
    let most = held(this.#holders.get(asking));
    for (const [connection, parts] of this.#holders) {
      const bytes = held(parts);
      if (bytes <= most) continue;
      greediest = connection;
      most = bytes;
    }
    if (greediest === asking) throw this.#overloaded();
    const before = this.#bytes;
    largest(this.#holders.get(greediest))?.end(this.#overloaded());
    if (this.#bytes >= before) throw this.#overloaded();
  }

  #overloaded(): TuskerError {
    const message = `messages on their way to a reader hold the ${this.#most} bytes they may hold together; repeat, or send smaller ones`;
    return new TuskerError("NET_OVERLOADED", message, { details: { mostBytes: this.#most } });
  }
}

interface Part {
  bytes: number;
  readonly end: (error: TuskerError) => void;
}

function held(parts: ReadonlySet<Part> | undefined): number {
  let bytes = 0;
  for (const part of parts ?? []) bytes += part.bytes;
  return bytes;
}

function largest(parts: ReadonlySet<Part> | undefined): Part | undefined {
  let most: Part | undefined;
  for (const part of parts ?? []) if (most === undefined || part.bytes > most.bytes) most = part;
  return most;
}
