import type { FieldBlock } from "./hpack/decoder.ts";
import type { Duct } from "./sender.ts";
import type { Http2Stream } from "./stream.ts";
import type { Http2Error } from "./words.ts";

/** What one side of a connection allows the other. */
export interface ConnectionLimits {
  /** Streams the peer may have open; 0 on a client. */
  readonly maxConcurrentStreams: number;
  /** Octets of a header list, as RFC 9113 §6.5.2 counts them. */
  readonly maxListSize: number;
  /** Bytes the peer may send on one stream, and on all of them, before a reader takes them. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  /** RFC 8441: `:protocol` with CONNECT. Servers only. */
  readonly extendedConnect: boolean;
}

/** The half of the rules that client and server do not share, and the socket below. */
export interface ConnectionRole extends Duct {
  readonly side: "client" | "server";
  /** A header block on a stream that was idle until now. @throws Http2Error */
  open(id: number, block: FieldBlock, end: boolean): void;
  /** A header block on an open stream. @throws Http2Error */
  head(stream: Http2Stream, block: FieldBlock, end: boolean): void;
  /** The first stream began, or the last one is over. */
  busy(busy: boolean): void;
  /** A stream is over: another may begin. */
  freed(): void;
  /** The peer's SETTINGS, the first and every later one, are in force. */
  settings(): void;
  /** The peer has confirmed our SETTINGS: from now on it must keep to them. */
  acknowledged(): void;
  goaway(lastId: number, code: number, debug: string): void;
  /** True: read no more for now, because the peer does not take what we send. */
  congested(full: boolean): void;
  /** Bytes of streams wait for the peer, or do no longer. */
  stalled(waiting: boolean): void;
  /** So many bytes more, or fewer, wait in the queues of streams for the peer to take them. */
  held(change: number): void;
  /** The connection is over: what is collected has been written, the socket may close. */
  over(error: Http2Error | undefined): void;
}
