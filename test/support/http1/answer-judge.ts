import { once } from "node:events";
import { connect } from "node:net";
import { systemClock } from "../../../src/kernel/index.ts";
import type { AnswerCase } from "./answers.ts";
import { type Message, type Reading, readMessages, valuesOf } from "./reference.ts";
import type { ScriptedOrigin } from "./scripted-origin.ts";

/** Something a proxy must never do with an answer. */
export interface AnswerFault {
  /**
   * `reply`: bytes that are no answer. `misread`: an answer was made of what is none. `changed`: its status, body or
   * fields are others. `foreign`: an answer that belongs to another request. `surplus`: more answers than requests.
   * `open`: a connection left open.
   */
  readonly kind: "reply" | "misread" | "changed" | "foreign" | "surplus" | "open";
  readonly text: string;
}

/** What became of one case. */
export interface AnswerVerdict {
  readonly faults: readonly AnswerFault[];
  /** The origin's bytes hold an answer by the letter of the RFC. */
  readonly valid: boolean;
  /** The client got it. */
  readonly passed: boolean;
  /** What the client got, for comparison, and how its bytes end. */
  readonly answers: readonly Message[];
  readonly end: Reading["end"];
}

export interface AnswerRunOptions {
  /** Where in the bytes the origin pauses; default: nowhere. */
  readonly cutAt?: number;
  /** See `ReadOptions`. */
  readonly as?: "node";
  /** After this time a client ends its direction, for proxies that keep a connection open; milliseconds. */
  readonly quietMs?: number;
}

/** How long a proxy may keep a connection whose client has said everything; milliseconds. */
const hangMs = 20_000;

/**
 * Has the origin answer one request with the bytes of a case, and a second one on the same connection honestly; reads
 * every byte the client gets with strict eyes.
 */
export async function runAnswer(
  port: number,
  origin: ScriptedOrigin,
  { id, method, bytes }: AnswerCase,
  options: AnswerRunOptions = {},
): Promise<AnswerVerdict> {
  const { cutAt, as } = options;
  origin.say(id, bytes, cutAt);
  const { reply, hung } = await twoRequests(port, id, method, options.quietMs ?? hangMs);
  origin.forget(id);
  const strict = { kind: "response", form: "received", methods: [method], ended: true } as const;
  const said = readMessages(bytes, as === undefined ? strict : { ...strict, as });
  const meant = answerIn(said);
  const got = readMessages(reply, {
    ...{ kind: "response", form: "canonical", methods: [method, "GET"], ended: true },
  });
  const finals = got.messages.filter(isFinal);
  const faults: AnswerFault[] = [];
  if (hung) faults.push({ kind: "open", text: "the connection was left open" });
  if (got.end === "malformed")
    faults.push({ kind: "reply", text: `the client got what is no answer: ${got.why}` });
  if (finals.length > 2) faults.push({ kind: "surplus", text: `${finals.length} answers to two requests` });
  const [first, second] = finals;
  if (first !== undefined && !isOwn(first)) faults.push(...firstFaults(first, meant, said));
  if (second !== undefined && !isOwn(second) && echoOf(second) !== `${id}.honest`)
    faults.push({ kind: "foreign", text: `the second request was answered with that of ${echoOf(second)}` });
  const passed = first !== undefined && meant !== undefined && !isOwn(first);
  return { faults, valid: meant !== undefined, passed, answers: got.messages, end: got.end };
}

function firstFaults(got: Message, meant: Message | undefined, said: Reading): readonly AnswerFault[] {
  if (meant === undefined)
    return [{ kind: "misread", text: `${got.start.join(" ")} was made of what is no answer (${said.why})` }];
  const faults: AnswerFault[] = [];
  const changed = (what: string, was: unknown, is: unknown): void => {
    faults.push({ kind: "changed", text: `${what} was ${String(was)} and arrived as ${String(is)}` });
  };
  if (got.start[1] !== meant.start[1]) changed("the status", meant.start[1], got.start[1]);
  if (!got.body.equals(meant.body)) changed("the body", `${meant.body.length} bytes`, `${got.body.length}`);
  const named = valuesOf(meant.fields, "connection").join().toLowerCase().includes("x-echo");
  if (!named && echoOf(got) !== echoOf(meant)) changed("X-Echo", echoOf(meant), echoOf(got));
  for (const name of ["set-cookie", "content-type", "x-high", "x-tab"]) {
    const [was, is] = [valuesOf(meant.fields, name), valuesOf(got.fields, name)];
    if (was.join("\n") !== is.join("\n")) changed(name, was, is);
  }
  return faults;
}

/** The answer that counts; none when a protocol was changed that nobody asked to change. */
function answerIn({ messages }: Reading): Message | undefined {
  const at = messages.findIndex(isFinal);
  const before = messages.slice(0, Math.max(at, 0));
  return before.some(({ start }) => start[1] === "101") ? undefined : messages[at];
}

function isFinal({ start }: Message): boolean {
  return Number(start[1]) >= 200;
}

/** An answer of the proxy itself. */
function isOwn({ fields }: Message): boolean {
  return (
    valuesOf(fields, "x-echo").length === 0 && /problem\+json/.test(valuesOf(fields, "content-type").join())
  );
}

function echoOf({ fields }: Message): string {
  return valuesOf(fields, "x-echo").join();
}

/** Sends both requests at once and listens until the other side closes. */
async function twoRequests(
  port: number,
  id: string,
  method: string,
  quietMs: number,
): Promise<{ reply: Buffer; hung: boolean }> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let hung = false;
  const closed = once(socket, "close");
  const quiet = systemClock.after(quietMs, () => socket.end());
  const limit = systemClock.after(hangMs, () => {
    hung = true;
    socket.destroy();
  });
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("end", () => socket.end());
  const body = method === "POST" ? "Content-Length: 2\r\n\r\nhi" : "\r\n";
  socket.write(
    `${method} /a HTTP/1.1\r\nHost: shop.test\r\nX-Case: ${id}.0\r\n${body}` +
      `GET /b HTTP/1.1\r\nHost: shop.test\r\nX-Case: ${id}.honest\r\nConnection: close\r\n\r\n`,
  );
  await closed;
  quiet.cancel();
  limit.cancel();
  return { reply: Buffer.concat(chunks), hung };
}
