import type { HeaderList } from "../../exchange.ts";
import type { RequestHead } from "../engine.ts";
import { BodyDecoder, type BodySink } from "./body.ts";
import { cr, lf } from "./characters.ts";
import { authorityForm, bareCarriageReturn, expectationKnown, oneHost, targetForm } from "./clauses.ts";
import { type HeadLimits, HeadText } from "./fields.ts";
import { Framing } from "./framing.ts";
import { scanRequestLine } from "./lines.ts";
import type { WireProblem } from "./problem.ts";

/** What requests may be. */
export interface RequestLimits extends HeadLimits {
  readonly maxTargetBytes: number;
}

/** What a decoder of requests tells, in this order; `onBodyEnd` comes for every head. */
export interface RequestSink extends BodySink {
  onHead(head: RequestHead): void;
}

/**
 * Requests of one connection, one after the other: bytes in, events out. It stops behind each request and goes on
 * with the next when it is asked to: whoever pipelines waits.
 */
export class RequestDecoder {
  problem: WireProblem | undefined;
  readonly #sink: RequestSink;
  readonly #limits: RequestLimits;
  readonly #text: HeadText;
  readonly #framing = new Framing();
  readonly #body: BodyDecoder;
  readonly #head = new DecodedRequest();
  #fields: string[] = [];
  #step: "start" | "line" | "fields" | "body" = "start";

  constructor(sink: RequestSink, limits: RequestLimits) {
    this.#sink = sink;
    this.#limits = limits;
    this.#text = new HeadText(limits);
    this.#body = new BodyDecoder(
      {
        onBody: (bytes) => sink.onBody(bytes),
        onBodyEnd: (trailers: HeaderList) => {
          this.#step = "start";
          sink.onBodyEnd(trailers);
        },
      },
      limits,
    );
  }

  /** Method of the request that is being read, as soon as its first line is understood; empty before. */
  get method(): string {
    return this.#step === "start" || this.#step === "line" ? "" : this.#head.method;
  }

  /** True between two requests, when nothing of the next has come. */
  get resting(): boolean {
    return this.#step === "start" && !this.#text.begun;
  }

  /** True while the body of a request is awaited. */
  get inBody(): boolean {
    return this.#step === "body";
  }

  /**
   * Reads on from `from`.
   *
   * @returns where it stopped: at the end of `bytes`, behind a head, behind a request, or at a `problem`, which is final
   */
  decode(bytes: Buffer, from: number): number {
    if (this.problem !== undefined) return from;
    if (this.#step !== "body") return this.#decodeHead(bytes, from);
    const end = this.#body.decode(bytes, from);
    this.problem = this.#body.problem;
    return end;
  }

  #decodeHead(bytes: Buffer, from: number): number {
    if (from >= bytes.length) return from;
    const text = this.#text;
    text.give(bytes, from);
    const scan = this.#scanHead();
    if (scan === "more") {
      text.keep();
      return bytes.length;
    }
    const { position } = text;
    this.problem = text.cursor.problem ?? this.#judge();
    text.reset();
    if (this.problem !== undefined) return position;
    this.#step = "body";
    this.#sink.onHead(this.#head);
    this.#body.begin(this.#head.length);
    return position;
  }

  #scanHead(): "more" | "end" | "broken" {
    const text = this.#text;
    const { cursor } = text;
    if (this.#step === "start") {
      const first = cursor.text.charCodeAt(cursor.at);
      // RFC 9112 §2.2: one empty line before a request is read past, for clients that end a body with CRLF too many.
      if (first === cr) {
        if (cursor.at + 1 >= cursor.text.length) return "more";
        if (cursor.text.charCodeAt(cursor.at + 1) !== lf) return cursor.fail(bareCarriageReturn());
        cursor.at += 2;
      }
      this.#step = "line";
      this.#fields = [];
      this.#framing.reset();
    }
    if (this.#step === "line") {
      const line = scanRequestLine(cursor, this.#head, this.#limits.maxTargetBytes, text.tooLarge);
      if (line === "more" || line === "broken") return line;
      this.#step = "fields";
    }
    const scan = text.scanFields(this.#fields, this.#note);
    return scan === "line" ? "more" : scan;
  }

  readonly #note = (name: string, value: string): undefined => {
    this.#framing.note(name, value, this.#fields.length - 2);
  };

  /** What can be said only when the whole head is there. */
  #judge(): WireProblem | undefined {
    const head = this.#head;
    const framing = this.#framing;
    const { minor } = head;
    const problem =
      targetForm(head.method, head.target) ?? oneHost(framing.hosts, minor) ?? framing.problem(minor);
    if (problem !== undefined) return problem;
    head.fields = this.#fields;
    head.length = framing.length(0);
    head.keepAlive = framing.persists(minor);
    head.upgrade = head.length === 0 ? framing.upgrades(minor) : undefined;
    head.expectsContinue = false;
    if (framing.expect !== undefined && minor === 1) {
      const unknown = expectationKnown(framing.expect);
      if (unknown !== undefined) return unknown;
      head.expectsContinue = head.length !== 0;
    }
    return this.#judgeAuthority();
  }

  #judgeAuthority(): WireProblem | undefined {
    const head = this.#head;
    const framing = this.#framing;
    if (framing.hosts > 0) {
      const problem = authorityForm(framing.hostValue);
      if (problem !== undefined) return problem;
    }
    head.authority = framing.hosts > 0 ? framing.hostValue : "";
    if (head.target.charCodeAt(0) === 47 || head.target === "*") return undefined;
    if (head.method === "CONNECT") {
      head.authority = head.target;
      return authorityForm(head.target);
    }
    // RFC 9112 §3.2.2: what an absolute-form target says of the host counts, and Host is made to say the same.
    const parts = /^https?:\/\/([^/?]+)(.*)$/i.exec(head.target);
    head.authority = parts?.[1] ?? "";
    const path = parts?.[2] ?? "";
    if (path === "") head.target = head.method === "OPTIONS" ? "*" : "/";
    else head.target = path.startsWith("?") ? `/${path}` : path;
    if (framing.hosts > 0) this.#fields[framing.hostIndex] = head.authority;
    else this.#fields.push("Host", head.authority);
    return authorityForm(head.authority);
  }
}

class DecodedRequest implements RequestHead {
  method = "";
  target = "";
  authority = "";
  minor: 0 | 1 = 1;
  fields: readonly string[] = [];
  length = 0;
  keepAlive = true;
  expectsContinue = false;
  upgrade: string | undefined;
}
