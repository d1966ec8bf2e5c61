/**
 * One connection that carries bytes both ways. The engines know nothing else of sockets, so that another runtime's
 * could stand in; `node-socket.ts` is the one over `node:net` and `node:tls`.
 */
export interface SocketPort {
  /** Address of the peer, without port; empty when the peer has gone already. */
  readonly remoteAddress: string;
  /** What TLS agreed on; undefined on a plain connection. */
  readonly tls: TlsFacts | undefined;
  /** Bytes that were written and have not reached the kernel yet. */
  readonly pendingBytes: number;
  /** True from the moment it closed: nothing is sent or heard any more. */
  readonly closed: boolean;
  /** Who hears of this connection; replaces whoever heard before. Reading begins with the first listener. */
  attach(listener: SocketListener): void;
  /** Calls once when the connection has closed, whoever listens then. */
  whenClosed(run: () => void): void;
  /**
   * Sends bytes, or text as Latin-1. Bytes that were lent by `onData` may be given: they are copied when they must
   * wait.
   *
   * @returns false when the peer is behind: write no more until `onDrain`
   */
  write(data: Uint8Array | string): boolean;
  /** Bytes with text before and behind them, in one system call. */
  writeFramed(before: string, bytes: Uint8Array, after: string): boolean;
  /**
   * Several pieces in one system call; `done` is called once, when the kernel has them all or the connection closed:
   * perhaps during the call.
   */
  writeAll(pieces: readonly Uint8Array[], done: () => void): void;
  /** Whether the connection keeps the process running by itself; it does until told otherwise. */
  hold(alive: boolean): void;
  /** Takes no more from the peer until `resume`; a piece that was read already may still come. */
  pause(): void;
  resume(): void;
  /** Ends our direction once everything is written; the peer may go on. */
  end(): void;
  /** Closes both directions once everything is written. */
  close(): void;
  /** Closes at once; what was not sent is lost. */
  destroy(): void;
}

/** What a connection tells. Nothing is told after `onClose`. */
export interface SocketListener {
  /** Bytes of the peer, lent: who needs them after the call takes `kept(bytes)`. */
  onData(bytes: Uint8Array): void;
  /** The peer will send nothing more. */
  onEnd(): void;
  /** What was written is on its way; more is welcome. */
  onDrain(): void;
  /** Closed, once and last; with the error that closed it if there was one. */
  onClose(error: Error | undefined): void;
}

export interface TlsFacts {
  /** Protocol agreed on by ALPN (RFC 7301), for example "h2"; undefined when none was. */
  readonly protocol: string | undefined;
  /** Name the client asked for (SNI, RFC 6066 §3); undefined when none. */
  readonly serverName: string | undefined;
  /** True when the peer showed a certificate that our authorities vouch for. */
  readonly peerVerified: boolean;
}

/** A connection that no longer speaks HTTP (RFC 9110 §7.8). */
export interface Tunnel {
  readonly socket: SocketPort;
  /** Bytes that came right behind the head. */
  readonly early: Uint8Array;
}
