import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { peerEnvironment, peerProgram } from "../peer-program.ts";
import { type InteropCall, type Party, type Said, sizeOf } from "./party.ts";
import { answerOf, definitionOf, pathOf, requestBytes } from "./proto.ts";
import { serviceName } from "./service.ts";

const python = "/usr/bin/python3";
const library = peerProgram("grpc-core");
const script = join(import.meta.dirname, "c-core.py");

/** Why C-core cannot take part here; false: it can. */
export const withoutCore: string | false =
  library === undefined || !existsSync(python) ? "no grpc-core: npm run setup:peers" : false;

/** gRPC's C-core, over Python's grpcio, in a process of its own; messages by protobufjs on this side. */
export const cCore: Party = {
  name: "C-core",
  cannot: {},
  async serve(packing) {
    const child = start("server", `/${serviceName}/`, packing);
    const [port] = await once(lines(child), "line");
    return { port: Number(port), [Symbol.asyncDispose]: () => end(child) };
  },
  async connect(port, packing) {
    const child = start("client", String(port));
    const answers = lines(child)[Symbol.asyncIterator]();
    return {
      async call(call) {
        child.stdin?.write(`${JSON.stringify(asJson(call, packing === "packed"))}\n`);
        const { value, done } = await answers.next();
        if (done === true) throw new Error("the client of C-core ended");
        return saidBy(call, JSON.parse(value));
      },
      [Symbol.asyncDispose]: () => end(child),
    };
  },
};

/** A call by its path and its bytes, as C-core makes it and is answered. */
export interface RawCall {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly messages: readonly Uint8Array[];
  readonly cancel?: "after first answer";
}

/** Calls of any service, in C-core. */
export async function rawCore(
  port: number,
): Promise<AsyncDisposable & { call(call: RawCall): Promise<{ status: number; answers: Buffer[] }> }> {
  const child = start("client", String(port));
  const answers = lines(child)[Symbol.asyncIterator]();
  return {
    async call({ messages, ...call }) {
      const encoded = messages.map((message) => Buffer.from(message).toString("base64"));
      child.stdin?.write(`${JSON.stringify({ ...call, messages: encoded, packs: false, turns: false })}\n`);
      const { value, done } = await answers.next();
      if (done === true) throw new Error("the client of C-core ended");
      const { status, answers: said }: Line = JSON.parse(value);
      return { status, answers: said.map((text) => Buffer.from(text, "base64")) };
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

function start(...args: readonly string[]): ChildProcess {
  const env = { ...peerEnvironment("grpc-core"), PYTHONPATH: dirname(dirname(library ?? "")) };
  return spawn(python, [script, ...args], { env, stdio: ["pipe", "pipe", "inherit"] });
}

function lines({ stdout }: ChildProcess) {
  if (stdout === null) throw new Error("no output to read");
  return createInterface({ input: stdout });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

function asJson(call: InteropCall, packs: boolean): object {
  const { requestStream, responseStream } = definitionOf(call.method, call);
  return {
    ...{ path: pathOf(call), requestStream, responseStream, packs, turns: call.turns === true },
    messages: call.messages.map((message) => requestBytes(call.method, message).toString("base64")),
    ...(call.initial === undefined ? {} : { initial: call.initial }),
    ...(call.trailing === undefined ? {} : { trailing: Buffer.from(call.trailing).toString("base64") }),
    ...(call.timeoutMs === undefined ? {} : { timeout: call.timeoutMs / 1_000 }),
    ...(call.cancel === undefined ? {} : { cancel: call.cancel }),
  };
}

interface Line {
  readonly status: number;
  readonly message: string;
  readonly answers: readonly string[];
  readonly initial: string | null;
  readonly trailing: string | null;
}

function saidBy(call: InteropCall, line: Line): Said {
  return {
    status: line.status,
    message: line.message,
    sizes: line.answers.map((text) => sizeOf(answerOf(call.method, Buffer.from(text, "base64")))),
    initial: line.initial ?? undefined,
    trailing: line.trailing === null ? undefined : new Uint8Array(Buffer.from(line.trailing, "base64")),
  };
}
