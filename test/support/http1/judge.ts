import { once } from "node:events";
import { connect } from "node:net";
import { systemClock } from "../../../src/kernel/index.ts";
import type { Case } from "./generator.ts";
import type { Referee } from "./referee.ts";
import { type Message, type Reading, readMessages, valuesOf } from "./reference.ts";

/** Something a proxy must never do. */
export interface Fault {
  /**
   * `foreign`: a request that nobody sent. `body`, `method`: one that was changed on the way. `order`: a request
   * overtook another of its connection. `echo`: an answer that belongs to another request. `surplus`: more answers
   * than requests. `reply`: bytes that are no answer. `open`: a connection left open.
   */
  readonly kind: "foreign" | "body" | "method" | "order" | "echo" | "surplus" | "reply" | "open";
  readonly text: string;
}

/** What became of one case. */
export interface Verdict {
  readonly faults: readonly Fault[];
  /** Requests that reached the origin, of those the bytes hold by the letter of the RFC. */
  readonly forwarded: number;
  readonly expected: Reading;
  /** Status of each final answer. */
  readonly statuses: readonly number[];
}

export interface RunOptions {
  /** Where in the bytes the client pauses for the other side to read; default: nowhere. */
  readonly splitAt?: number;
  /** After this silence a client whose message makes no sense ends its direction; milliseconds, default 1,000. */
  readonly quietMs?: number;
  /** See `ReadOptions`. */
  readonly as?: "node";
}

/** How long a proxy may keep a connection whose client has said everything; milliseconds. */
const hangMs = 20_000;

/** Sends a case through a proxy that leads to the referee, and judges what both sides saw. */
export async function runCase(
  port: number,
  referee: Referee,
  one: Case,
  options: RunOptions = {},
): Promise<Verdict> {
  const { as } = options;
  const strict = { kind: "request", form: "received" } as const;
  const expected = readMessages(one.bytes, as === undefined ? strict : { ...strict, as });
  const { reply, hung } = await converse(port, one.bytes, expected.end === "incomplete", options);
  const seen = referee.seen(one.id);
  // A refused message may have begun as a HEAD, whose answer has no body whatever follows.
  const refused = /^\s*HEAD/i.test(one.bytes.toString("latin1", expected.used, expected.used + 16))
    ? "HEAD"
    : "GET";
  const methods = [...expected.messages.map(({ start }) => start[0]), refused];
  const answers = readMessages(reply, { kind: "response", form: "canonical", methods, ended: true });
  const finals = answers.messages.filter(({ start }) => Number(start[1]) >= 200);
  return {
    faults: [
      ...(hung ? [{ kind: "open", text: "the connection was left open" } as const] : []),
      ...forwardFaults(expected.messages, seen),
      ...replyFaults(expected, endsInBlanks(one.bytes, expected), answers, finals),
    ],
    forwarded: seen.length,
    expected,
    statuses: finals.map(({ start }) => Number(start[1])),
  };
}

/** Whatever arrives must be among what was sent, in order, with the same method and the same body. */
function forwardFaults(sent: readonly Message[], seen: readonly Message[]): Fault[] {
  const faults: Fault[] = [];
  let last = -1;
  for (const message of seen) {
    const name = nameOf(message);
    const at = sent.findIndex((one) => nameOf(one) === name);
    const original = sent[at];
    if (original === undefined) {
      faults.push({ kind: "foreign", text: `${name} reached the origin, and no client sent it there` });
      continue;
    }
    const [[was], [is]] = [original.start, message.start];
    if (was !== is) faults.push({ kind: "method", text: `${name} was sent as ${was} and arrived as ${is}` });
    if (!original.body.equals(message.body))
      faults.push({
        kind: "body",
        text: `${name} had a body of ${original.body.length} bytes and arrived with ${message.body.length}`,
      });
    if (at <= last) faults.push({ kind: "order", text: `${name} overtook a request before it` });
    last = at;
  }
  return faults;
}

/** Answers must be well-formed, in the order of the requests, and nobody else's. */
function replyFaults(
  expected: Reading,
  blanks: boolean,
  answers: Reading,
  finals: readonly Message[],
): Fault[] {
  const faults: Fault[] = [];
  if (answers.end === "malformed" || answers.end === "incomplete")
    faults.push({ kind: "reply", text: `the answers are ${answers.end}: ${answers.why}` });
  const refusable = expected.end === "malformed" || expected.end === "incomplete" || blanks;
  const most = expected.messages.length + (refusable ? 1 : 0);
  if (finals.length > most)
    faults.push({ kind: "surplus", text: `${finals.length} answers to ${most} requests` });
  for (const [i, answer] of finals.entries()) {
    const echo = valuesOf(answer.fields, "x-echo")[0];
    const name = nameOf(expected.messages[i]);
    if (echo !== undefined && echo !== name)
      faults.push({ kind: "echo", text: `the answer to ${name} is that of ${echo}` });
  }
  return faults;
}

/** RFC 9112 §2.2: one empty line before a request is read past; a second one may be refused like any other line. */
function endsInBlanks(bytes: Buffer, { end, used }: Reading): boolean {
  return end === "open" && bytes.length - used > 2;
}

function nameOf(message: Message | undefined): string {
  return message === undefined ? "no request" : (valuesOf(message.fields, "x-case")[0] ?? "");
}

/** Says its bytes, listens until the other side closes. */
async function converse(
  port: number,
  bytes: Buffer,
  incomplete: boolean,
  { splitAt = bytes.length, quietMs = 1_000 }: RunOptions,
): Promise<{ reply: Buffer; hung: boolean }> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let hung = false;
  socket.on("error", () => {});
  const closed = once(socket, "close");
  const quiet = systemClock.after(quietMs, () => socket.end());
  const limit = systemClock.after(hangMs, () => {
    hung = true;
    socket.destroy();
  });
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("end", () => socket.end());
  socket.write(bytes.subarray(0, splitAt));
  if (splitAt < bytes.length) {
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(bytes.subarray(splitAt));
  }
  if (incomplete) socket.end();
  await closed;
  quiet.cancel();
  limit.cancel();
  return { reply: Buffer.concat(chunks), hung };
}
