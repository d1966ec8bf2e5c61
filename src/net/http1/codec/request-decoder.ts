import type { HeaderList } from "../../exchange.ts";
import type { RequestHead } from "../engine.ts";
import { BodyDecoder, type BodySink } from "./body.ts";
import { cr, lf } from "./characters.ts";
import { authorityForm, bareCarriageReturn, expectationKnown, oneHost, targetForm } from "./clauses.ts";
import { type HeadLimits, HeadText } from "./fields.ts";
import { Framing } from "./framing.ts";
import { type KnownFields, Misses, type Remembered, requestMemory } from "./head-memory.ts";
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
  readonly #place = requestMemory.place();
  readonly #misses = new Misses();
  readonly #body: BodyDecoder;
  readonly #head = new DecodedRequest();
  #framing = new Framing();
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
    if (this.#step === "start" || this.#step === "line") {
      // The first line by itself: what follows it may be known.
      const lineEnd = text.giveLine(bytes, from);
      if (this.#scanHead() !== "more") return this.#endHead();
      text.keep();
      if (this.#inFields) return this.#decodeFields(bytes, lineEnd);
      return lineEnd < bytes.length ? this.#decodeHead(bytes, lineEnd) : lineEnd;
    }
    return this.#decodePiece(bytes, from, false);
  }

  get #inFields(): boolean {
    return this.#step === "fields";
  }

  #decodeFields(bytes: Buffer, from: number): number {
    const known = requestMemory.find(this.#place, bytes, from);
    if (known !== undefined && this.#text.hasRoom(known.bytes.length)) return this.#endKnown(known, from);
    return this.#decodePiece(bytes, from, true);
  }

  /** @param first true when the fields begin here, so that their bytes can be remembered if they end here too */
  #decodePiece(bytes: Buffer, from: number, first: boolean): number {
    const text = this.#text;
    text.give(bytes, from);
    if (this.#scanHead() === "more") {
      text.keep();
      return bytes.length;
    }
    return first ? this.#endHead(bytes, from) : this.#endHead();
  }

  /** A head whose fields came before. */
  #endKnown({ bytes, meaning }: Remembered<KnownFields>, from: number): number {
    const head = this.#head;
    this.problem = this.#judge(meaning.framing, meaning.fields);
    head.repeated = head.fields === meaning.fields;
    this.#misses.hit();
    this.#text.reset();
    if (this.problem === undefined) this.#tell();
    return from + bytes.length;
  }

  /** @param bytes with all of the fields, which begin at `from`; left out when they came in pieces */
  #endHead(bytes?: Buffer, from = 0): number {
    const text = this.#text;
    const { position } = text;
    const head = this.#head;
    head.repeated = false;
    this.problem = text.cursor.problem ?? this.#judge(this.#framing, this.#fields);
    text.reset();
    if (this.problem !== undefined) return position;
    // Fields that were made to agree with an absolute-form target are not what the bytes say.
    if (bytes !== undefined && head.fields === this.#fields && this.#misses.miss()) {
      const meaning = { fields: this.#fields, framing: this.#framing };
      head.repeated = requestMemory.learn(this.#place, bytes, { from, to: position }, meaning);
    }
    if (head.repeated) this.#framing = new Framing();
    this.#tell();
    return position;
  }

  #tell(): void {
    this.#step = "body";
    this.#sink.onHead(this.#head);
    this.#body.begin(this.#head.length);
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
    const scan = text.scanFields(this.#fields, this.#note, requestMemory.lines(this.#place));
    return scan === "line" ? "more" : scan;
  }

  readonly #note = (name: string, value: string): undefined => {
    this.#framing.note(name, value, this.#fields.length - 2);
  };

  /** What can be said only when the whole head is there. */
  #judge(framing: Framing, fields: HeaderList): WireProblem | undefined {
    const head = this.#head;
    const { minor } = head;
    const problem =
      targetForm(head.method, head.target) ?? oneHost(framing.hosts, minor) ?? framing.problem(minor);
    if (problem !== undefined) return problem;
    head.fields = fields;
    head.length = framing.length(0);
    head.keepAlive = framing.persists(minor);
    head.upgrade = head.length === 0 ? framing.upgrades(minor) : undefined;
    head.expectsContinue = false;
    if (framing.expect !== undefined && minor === 1) {
      const unknown = expectationKnown(framing.expect);
      if (unknown !== undefined) return unknown;
      head.expectsContinue = head.length !== 0;
    }
    return this.#judgeAuthority(framing);
  }

  #judgeAuthority(framing: Framing): WireProblem | undefined {
    const head = this.#head;
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
    head.fields =
      framing.hosts > 0
        ? head.fields.with(framing.hostIndex, head.authority)
        : [...head.fields, "Host", head.authority];
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
  repeated = false;
}
