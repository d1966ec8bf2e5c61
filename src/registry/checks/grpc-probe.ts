import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import type { CheckSpec } from "../state/model.ts";
import { maxOutputChars, type Probe } from "./probe.ts";

type GrpcSpec = Extract<CheckSpec, { kind: "grpc" }>;

const path = "/grpc.health.v1.Health/Check";
const serving = 1;
/** An answer is a handful of octets; who sends more is not answering this question. */
const maxAnswerBytes = 1_024;

// Loaded when the first such check runs: most registries have none.
const http2 = () => process.getBuiltinModule("node:http2");

/**
 * Asks by the standard health protocol of gRPC (grpc.health.v1): passing when it says SERVING, critical for anything
 * else. Each run uses a connection of its own, which proves that the instance still accepts.
 */
export const grpcProbe: Probe<"grpc"> = async (spec, signal) => {
  signal.throwIfAborted();
  const session = connect(spec);
  const stop = (): void => session.destroy(new Error("given up"));
  signal.addEventListener("abort", stop, { once: true });
  try {
    const body = await exchange(session, spec);
    const status = statusIn(body);
    if (status === serving) {
      return { status: "passing", output: `gRPC check ${spec.address}: success` };
    }
    const words = statusWords[status] ?? `status ${status}`;
    return { status: "critical", output: `gRPC check ${nameOf(spec)}: the service says ${words}` };
  } finally {
    signal.removeEventListener("abort", stop);
    session.destroy();
  }
};

const statusWords = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;

function connect(spec: GrpcSpec): ClientHttp2Session {
  const session = http2().connect(`${spec.tls ? "https" : "http"}://${spec.address}`, {
    settings: { enablePush: false },
    ...(spec.tls ? { rejectUnauthorized: !spec.tlsSkipVerify } : {}),
    ...(spec.tls && spec.tlsServerName !== "" ? { servername: spec.tlsServerName } : {}),
  });
  return session;
}

/** The message of the answer. @throws Error with what the peer or the system said */
function exchange(session: ClientHttp2Session, spec: GrpcSpec): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  session.once("error", reject);
  session.once("close", () => reject(new Error("the connection was closed")));
  const stream: ClientHttp2Stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": "Tusker Health Check",
  });
  let code: string | undefined;
  let words = "";
  const note = (fields: Record<string, unknown>): void => {
    const found = fields["grpc-status"];
    if (typeof found === "string") code = found;
    const message = fields["grpc-message"];
    if (typeof message === "string") words = unescaped(message).slice(0, maxOutputChars);
  };
  const chunks: Buffer[] = [];
  let size = 0;
  stream.once("error", reject);
  stream.once("response", (fields) => {
    note(fields);
    const status = fields[":status"];
    if (status !== 200) reject(new Error(`the answer has HTTP status ${status}`));
  });
  stream.once("trailers", note);
  stream.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxAnswerBytes) reject(new Error("the answer is no answer of a health service"));
    else chunks.push(chunk);
  });
  stream.once("end", () => {
    if (code === "0") resolve(Buffer.concat(chunks));
    else reject(new Error(`the answer has gRPC status ${code ?? "none"} ${words}`.trim()));
  });
  stream.end(framed(spec.service));
  return promise;
}

/** The words of a status travel percent-encoded (gRPC over HTTP/2, "Status-Message"). */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** HealthCheckRequest { string service = 1 } in a frame without compression. */
function framed(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.of(0x0a, ...varint(name.length)), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** HealthCheckResponse { ServingStatus status = 1 }: absent is 0. */
function statusIn(body: Buffer): number {
  const message = body.subarray(5);
  if (body.length < 5 || body[0] !== 0 || body.readUInt32BE(1) !== message.length) {
    throw new Error("the answer is no answer of a health service");
  }
  return message[0] === 0x08 ? (message[1] ?? 0) : 0;
}

function nameOf({ address, service }: GrpcSpec): string {
  return service === "" ? address : `${address}/${service}`;
}
