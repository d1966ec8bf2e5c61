import { type AnswerHead, chunked, type RequestHead, untilClose } from "../engine.ts";
import { AnswerDecoder } from "./answer-decoder.ts";
import { RequestDecoder } from "./request-decoder.ts";

/** What a decoder told, with neighbouring pieces of a body joined: the same however the bytes were cut. */
export type Told = readonly (readonly unknown[])[];

const limits = { maxHeadBytes: 4_096, maxFields: 20, maxTargetBytes: 256 };

/** Everything a server hears of these bytes, cut at the given places. */
export function requests(text: string | Buffer, cuts: readonly number[] = [], given = limits): Told {
  const told: unknown[][] = [];
  const decoder = new RequestDecoder(
    {
      onHead: (head: RequestHead) => {
        const { method, target, authority, minor, fields, length, keepAlive, expectsContinue, upgrade } =
          head;
        told.push(["head", method, target, authority, minor, [...fields], kind(length), keepAlive]);
        if (expectsContinue || upgrade !== undefined) told.push(["asks", expectsContinue, upgrade]);
      },
      onBody: (bytes) => body(told, bytes),
      onBodyEnd: (trailers) => told.push(["end", [...trailers]]),
    },
    given,
  );
  for (const piece of pieces(text, cuts))
    for (let at = 0; at < piece.length && decoder.problem === undefined; ) at = decoder.decode(piece, at);
  if (decoder.problem !== undefined) told.push(["problem", decoder.problem.clause, decoder.problem.status]);
  return told;
}

/** Everything a client hears of these bytes as answer to `method`, and whether the end found the answer complete. */
export function answer(text: string | Buffer, method = "GET", cuts: readonly number[] = []): Told {
  const told: unknown[][] = [];
  const decoder = new AnswerDecoder(
    {
      onInform: (status, fields) => told.push(["inform", status, [...fields]]),
      onHead: (head: AnswerHead) => {
        told.push(["head", head.status, head.minor, [...head.fields], kind(head.length), head.keepAlive]);
      },
      onBody: (bytes) => body(told, bytes),
      onBodyEnd: (trailers) => told.push(["end", [...trailers]]),
    },
    limits,
  );
  decoder.expect(method, method === "UPGRADE");
  for (const piece of pieces(text, cuts)) {
    const at = decoder.decode(piece, 0);
    if (at < piece.length && decoder.problem === undefined) told.push(["left"]);
  }
  if (decoder.problem !== undefined) told.push(["problem", decoder.problem.clause]);
  else told.push([decoder.close() ? "complete" : "incomplete"]);
  return told;
}

function body(told: unknown[][], bytes: Buffer): void {
  const text = bytes.toString("latin1");
  const last = told.at(-1);
  if (last?.[0] === "body") last[1] = `${String(last[1])}${text}`;
  else told.push(["body", text]);
}

function kind(length: number): string | number {
  if (length === chunked) return "chunked";
  return length === untilClose ? "until close" : length;
}

function pieces(text: string | Buffer, cuts: readonly number[]): Buffer[] {
  const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
  const places = [...new Set(cuts)].filter((at) => at > 0 && at < bytes.length).sort((a, b) => a - b);
  return [0, ...places].map((from, i) => Buffer.from(bytes.subarray(from, places[i] ?? bytes.length)));
}
