import { type Clock, messageOf, type Secret, TuskerError } from "../../../kernel/index.ts";
import { type ClientTls, type StreamChannel, streamChannel } from "../../../net/index.ts";
import { malformed } from "../../json.ts";
import type { KvEntry } from "../engine.ts";
import { type KeyValue, type Method, methods } from "./etcd-messages.ts";
import { GrpcCall, GrpcFailure } from "./grpc-call.ts";

/** The v3 API of an etcd over gRPC, on one connection. */
export interface EtcdWire extends AsyncDisposable {
  /** @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL with `details.grpcStatus`, KERNEL_ABORTED */
  call<In, Out>(method: Method<In, Out>, message: In, signal?: AbortSignal): Promise<Out>;
  /** Opens a call of many answers. @throws as `call`, also while reading */
  open<In, Out>(method: Method<In, Out>, message: In, signal?: AbortSignal): Promise<EtcdCall<Out>>;
}

/** A call of many answers. Disposing gives it up. */
export interface EtcdCall<Out> extends Disposable {
  /** The next answer; undefined: that was all. */
  next(): Promise<Out | undefined>;
}

export interface EtcdWireOptions {
  /** etcd://host:2379, etcds://… */
  readonly url: string;
  /** `user:password` of an etcd that asks who one is. */
  readonly token?: Secret | undefined;
  /** For etcds://; default the certificates Node trusts. */
  readonly tls?: ClientTls | undefined;
  readonly clock: Clock;
}

/** Statuses of gRPC, as far as they are told apart here. */
export const grpcStatus = { invalidArgument: 3, notFound: 5, unauthenticated: 16 } as const;
/** Unknown, late, too many, internal, away: what may be fine a moment later. */
const passing: ReadonlySet<number> = new Set([2, 4, 8, 13, 14]);

/** A member that lost the others must say so: it would leave a watch without news, and nobody would know. */
const requireLeader = ["hasleader", "true"];

export function etcdWire(options: EtcdWireOptions): EtcdWire {
  const { url, clock, tls } = options;
  const origin = new URL(url.replace(/^etcd/, "http")).origin;
  const channel = streamChannel(origin, { clock, ...(tls === undefined ? {} : { tls }) });
  const login = loginOf(options, channel);
  const start = <In, Out>(method: Method<In, Out>, message: In, token: string, signal?: AbortSignal) => {
    const metadata = [...requireLeader, ...(token === "" ? [] : ["token", token])];
    const call = new GrpcCall(channel, { path: method.path, metadata, clock, signal });
    call.send(method.request.encode(message));
    return call;
  };
  const failed = (error: unknown): TuskerError => {
    if (isStale(error)) login.forget();
    return wireError(origin, error);
  };

  const ask = async <In, Out>(method: Method<In, Out>, message: In, signal?: AbortSignal): Promise<Out> => {
    using call = start(method, message, await login.token(signal), signal);
    call.finish();
    const answer = await call.next();
    if (answer === undefined) throw malformed(`${method.path} was answered with nothing`);
    const out = method.reply.decode(answer);
    // Its status comes after it, and may say that it does not hold.
    await call.next();
    return out;
  };

  return {
    async call(method, message, signal) {
      try {
        // Logins end by themselves, and with every change of who may do what.
        return await ask(method, message, signal).catch((error: unknown) => {
          if (!isStale(error) || options.token === undefined) throw error;
          login.forget();
          return ask(method, message, signal);
        });
      } catch (error) {
        throw failed(error);
      }
    },
    async open(method, message, signal) {
      try {
        const call = start(method, message, await login.token(signal), signal);
        return {
          async next() {
            try {
              const answer = await call.next();
              return answer === undefined ? undefined : method.reply.decode(answer);
            } catch (error) {
              throw failed(error);
            }
          },
          [Symbol.dispose]: () => call[Symbol.dispose](),
        };
      } catch (error) {
        throw failed(error);
      }
    },
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}

interface Login {
  /** What calls show; "": nothing. */
  token(signal?: AbortSignal): Promise<string>;
  forget(): void;
}

/** Trades user and password for a token, once for all calls. */
function loginOf({ token, clock }: EtcdWireOptions, channel: StreamChannel): Login {
  let known: Promise<string> | undefined;
  const enter = async (secret: Secret): Promise<string> => {
    const [name = "", ...password] = secret.reveal().split(":");
    const { path, request, reply } = methods.authenticate;
    using call = new GrpcCall(channel, { path, metadata: [], clock, signal: undefined });
    call.send(request.encode({ name, password: password.join(":") }));
    call.finish();
    const answer = await call.next();
    return answer === undefined ? "" : reply.decode(answer).token;
  };
  return {
    async token() {
      if (token === undefined) return "";
      known ??= enter(token).catch((error: unknown) => {
        known = undefined;
        throw error;
      });
      return known;
    },
    forget() {
      known = undefined;
    },
  };
}

/** True for a login that has ended, by time or because the rules changed. */
function isStale(error: unknown): boolean {
  if (!(error instanceof GrpcFailure)) return false;
  return error.status === grpcStatus.unauthenticated || /revision of auth store is old/.test(error.message);
}

/** Why an etcd did not do what it was asked, in the room's words; an abort stays one. */
function wireError(origin: string, cause: unknown): TuskerError {
  if (cause instanceof GrpcFailure) {
    const code = passing.has(cause.status) ? "DISCOVERY_UNREACHABLE" : "DISCOVERY_PROTOCOL";
    const said = `the etcd at ${origin} refused with status ${cause.status}: ${cause.message.slice(0, 300)}`;
    return new TuskerError(code, said, { cause, details: { origin, grpcStatus: cause.status } });
  }
  if (
    cause instanceof TuskerError &&
    (cause.code === "KERNEL_ABORTED" || cause.code.startsWith("DISCOVERY_"))
  )
    return cause;
  const said = `the etcd at ${origin} cannot be asked: ${messageOf(cause)}`;
  return new TuskerError("DISCOVERY_UNREACHABLE", said, { cause, details: { origin } });
}

/** Every key that begins so: up to the first key that does not. */
export function prefixRange(prefix: string): { readonly key: Uint8Array; readonly rangeEnd: Uint8Array } {
  const key = Buffer.from(prefix);
  const last = key.findLastIndex((byte) => byte < 0xff);
  const end = Buffer.from(key.subarray(0, last + 1));
  if (last >= 0) end[last] = (end[last] ?? 0) + 1;
  // A single NUL: to the end of all keys.
  return { key, rangeEnd: last >= 0 ? end : Buffer.from([0]) };
}

/** Revision of the store an answer was given at. */
export function revisionOf({
  header,
}: {
  readonly header: { readonly revision: bigint } | undefined;
}): bigint {
  if (header === undefined) throw malformed("an answer lacks its revision");
  return header.revision;
}

/** A row, without what all its keys begin with. */
export function entryOf(row: KeyValue, under: string): KvEntry {
  const key = Buffer.from(row.key).toString().slice(under.length);
  return { key, value: row.value, version: String(row.modRevision) };
}
