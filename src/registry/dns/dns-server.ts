import { createSocket, type RemoteInfo, type SocketOptions, type Socket as UdpSocket } from "node:dgram";
import { lookup } from "node:dns";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { TuskerError } from "../../kernel/index.ts";
import type { AnswerCache } from "./answer-cache.ts";
import { type Decoded, type DnsQuery, type DnsReply, decodeQuery, encodeReply } from "./message.ts";
import { rcodes } from "./records.ts";
import { type Frames, frames } from "./tcp-frames.ts";
import type { Zone } from "./zone.ts";

/** Where the names are served. */
export interface DnsServerOptions {
  readonly host: string;
  /** The same for UDP and TCP; 0 lets the system choose. */
  readonly port: number;
  readonly zone: Zone;
  readonly answers: AnswerCache;
  /** Waits until what the zone reads is safe to tell; undefined: it is. */
  readonly settled: () => Promise<void> | undefined;
  readonly onError: (error: unknown) => void;
}

/** Names served on UDP and TCP. */
export interface DnsServer extends AsyncDisposable {
  /** The real port. */
  readonly port: number;
}

/** RFC 6891 §6.2.5: what an asker without EDNS takes. */
const plainBytes = 512;
/** Fragments of what is larger get lost on the way; on this machine, where most askers are, nothing does. */
const mostUdpBytes = 8_192;
const mostTcpBytes = 65_535;
/** No record of an answer is shorter: pointer, type, class, TTL, length, IPv4 address. */
const leastRecordBytes = 16;
const maxConnections = 512;
/** RFC 7766 §6.2.3: a connection that asks nothing is closed. */
const idleMs = 10_000;

/**
 * Serves a zone: a question is answered, what is malformed gets FORMERR, what is no question silence.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 */
export async function serveDns(options: DnsServerOptions): Promise<DnsServer> {
  for (let attempt = 1; ; attempt++) {
    const tcp = await openTcp(options);
    try {
      const udp = await openUdp(options, tcp.port);
      return {
        port: tcp.port,
        async [Symbol.asyncDispose]() {
          udp.close();
          await Promise.all([once(udp, "close"), tcp.close()]);
        },
      };
    } catch (error) {
      await tcp.close();
      // The system chose a port that is free for TCP alone: it may choose again.
      if (options.port !== 0 || attempt === 10) throw error;
    }
  }
}

async function openUdp(options: DnsServerOptions, port: number): Promise<UdpSocket> {
  const family = options.host.includes(":") ? 6 : 4;
  let bound = false;
  // Answers go to addresses: looked up like names they would each wait for another turn of the loop.
  const lookUp: NonNullable<SocketOptions["lookup"]> = (host, how, done) => {
    if (bound) done(null, host, family);
    else lookup(host, how, done);
  };
  const udp = createSocket({ type: `udp${family}`, lookup: lookUp });
  udp.on("message", (message, from) => receive(options, udp, message, from));
  try {
    const listening = once(udp, "listening");
    udp.bind({ port, address: options.host });
    await listening;
    bound = true;
  } catch (cause) {
    udp.close();
    throw bindError(cause, "UDP", options.host, port);
  }
  udp.on("error", options.onError);
  return udp;
}

function receive(options: DnsServerOptions, udp: UdpSocket, message: Buffer, from: RemoteInfo): void {
  const { answers } = options;
  // RFC 768: a source that wants no answer. There is no sending to it.
  if (from.port === 0) return;
  // Without a callback, which would cost a turn of its own and be told of askers that went away: they ask again.
  const send = (reply: Uint8Array): void => udp.send(reply, from.port, from.address);
  const known = answers.get(message);
  if (known !== undefined) {
    send(known);
    // The system has not taken it yet.
    if (udp.getSendQueueSize() > 0) answers.forget();
    return;
  }
  const made = (reply: Uint8Array): void => {
    answers.keep(message, reply);
    send(reply);
  };
  void respond(options, decodeQuery(message), udpLimit, made);
}

function udpLimit({ edns }: DnsQuery): number {
  return Math.min(Math.max(edns?.maxBytes ?? plainBytes, plainBytes), mostUdpBytes);
}

/** Answers a message; `done` hears when there is nothing more to come. */
function respond(
  { zone, settled, onError }: DnsServerOptions,
  decoded: Decoded | undefined,
  limitOf: (query: DnsQuery) => number,
  send: (reply: Uint8Array) => void,
): Promise<void> | undefined {
  if (decoded === undefined) return undefined;
  if (decoded.kind === "refused") {
    send(decoded.reply);
    return undefined;
  }
  const { query } = decoded;
  const limit = limitOf(query);
  const answer = (): void => {
    send(encodeReply(query, zone(query, Math.ceil(limit / leastRecordBytes)), limit));
  };
  const failed = (error: unknown): void => {
    onError(error);
    send(encodeReply(query, failure, limit));
  };
  try {
    // What is told must never have to be taken back.
    const waiting = settled();
    if (waiting !== undefined) return waiting.then(answer).catch(failed);
    answer();
  } catch (error) {
    failed(error);
  }
  return undefined;
}

const failure: DnsReply = {
  rcode: rcodes.serverFailure,
  authoritative: false,
  answers: [],
  authority: [],
  additional: [],
};

interface TcpSide {
  readonly port: number;
  close(): Promise<void>;
}

async function openTcp(options: DnsServerOptions): Promise<TcpSide> {
  /** The one whose last whole question is longest ago comes first. */
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    // RFC 7766 §6.2.3: it makes room, so that connections which only stand there keep nobody out.
    const [silent] = sockets.size >= maxConnections ? sockets : [];
    if (silent !== undefined) {
      sockets.delete(silent);
      silent.destroy();
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // A connection that broke is gone; "close" follows.
    socket.on("error", () => undefined);
    socket.setTimeout(idleMs, () => socket.destroy());
    const asked = (): void => {
      if (sockets.delete(socket)) sockets.add(socket);
    };
    converse(options, socket, asked);
  });
  try {
    server.listen(options.port, options.host);
    await once(server, "listening");
  } catch (cause) {
    throw bindError(cause, "TCP", options.host, options.port);
  }
  server.on("error", options.onError);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** One connection: questions in order, answers in order, no more taken in than is taken away. */
function converse(options: DnsServerOptions, socket: Socket, asked: () => void): void {
  const incoming: Frames = frames();
  let busy = false;
  const next = (): void => {
    while (!busy && !socket.destroyed) {
      if (socket.writableNeedDrain) {
        socket.pause();
        socket.once("drain", () => {
          socket.resume();
          next();
        });
        return;
      }
      const message = incoming.take();
      if (message === undefined) return;
      asked();
      const waiting = respond(
        options,
        decodeQuery(message),
        () => mostTcpBytes,
        (reply) => write(socket, reply),
      );
      if (waiting === undefined) continue;
      busy = true;
      socket.pause();
      waiting.then(() => {
        busy = false;
        socket.resume();
        next();
      }, options.onError);
    }
  };
  socket.on("data", (chunk) => {
    incoming.push(chunk);
    next();
  });
}

/** RFC 1035 §4.2.2: two octets of length, sent together with what they announce (RFC 7766 §8). */
function write(socket: Socket, reply: Uint8Array): void {
  const framed = Buffer.allocUnsafe(2 + reply.length);
  framed.writeUInt16BE(reply.length, 0);
  framed.set(reply, 2);
  socket.write(framed);
}

function bindError(cause: unknown, protocol: string, host: string, port: number): TuskerError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "EADDRINUSE") {
    return new TuskerError("NET_PORT_TAKEN", `${protocol} port ${port} on ${host} is in use`, { cause });
  }
  return new TuskerError("NET_BIND", `cannot listen on ${protocol} ${host}:${port} (${code})`, { cause });
}
