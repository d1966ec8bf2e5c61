import type { HeaderList } from "../../exchange.ts";
import { type AnswerHead, untilClose } from "../engine.ts";
import { BodyDecoder, type BodySink } from "./body.ts";
import { statusForm } from "./clauses.ts";
import { type HeadLimits, HeadText } from "./fields.ts";
import { Framing } from "./framing.ts";
import { answerMemory, type KnownFields, Misses, type Remembered } from "./head-memory.ts";
import { type StatusLine, scanStatusLine } from "./lines.ts";
import type { WireProblem } from "./problem.ts";

/** What a decoder of answers tells: interim answers, then the head, then the body and its end. */
export interface AnswerSink extends BodySink {
  onInform(status: number, fields: HeaderList): void;
  onHead(head: AnswerHead): void;
}

/** Interim answers to one request; more are no answer but a flood. */
const maxInterim = 16;

/** Answers on one connection, each begun by `expect` with the request it answers. */
export class AnswerDecoder {
  problem: WireProblem | undefined;
  readonly #sink: AnswerSink;
  readonly #text: HeadText;
  readonly #place = answerMemory.place();
  readonly #misses = new Misses();
  readonly #body: BodyDecoder;
  readonly #head = new DecodedAnswer();
  #framing = new Framing();
  #fields: string[] = [];
  #step: "rest" | "line" | "fields" | "body" = "rest";
  #method = "";
  #mayUpgrade = false;
  #keepAliveSeconds: number | undefined;
  #interim = 0;

  constructor(sink: AnswerSink, limits: HeadLimits) {
    this.#sink = sink;
    this.#text = new HeadText(limits);
    this.#body = new BodyDecoder(
      {
        onBody: (bytes) => sink.onBody(bytes),
        onBodyEnd: (trailers: HeaderList) => {
          this.#step = "rest";
          sink.onBodyEnd(trailers);
        },
      },
      limits,
    );
  }

  /** Announces the next answer. */
  expect(method: string, mayUpgrade: boolean): void {
    this.#step = "line";
    this.#method = method;
    this.#mayUpgrade = mayUpgrade;
    this.#interim = 0;
    this.#fields = [];
    this.#framing.reset();
    this.#text.reset();
  }

  /** True when no answer is awaited: bytes that come now are nobody's. */
  get resting(): boolean {
    return this.#step === "rest";
  }

  /** True while the body of an answer is awaited. */
  get inBody(): boolean {
    return this.#step === "body";
  }

  /** Seconds for which the peer said it keeps the connection. */
  get keepAliveSeconds(): number | undefined {
    return this.#keepAliveSeconds;
  }

  /** As `RequestDecoder.decode`; stops behind the answer. */
  decode(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && this.problem === undefined && this.#step !== "rest") {
      if (this.#step === "body") {
        at = this.#body.decode(bytes, at);
        this.problem = this.#body.problem;
      } else at = this.#decodeHead(bytes, at);
    }
    return at;
  }

  /** The connection ended. @returns false when an answer was not complete */
  close(): boolean {
    if (this.#step === "rest") return true;
    return this.#step === "body" && this.#body.close();
  }

  #decodeHead(bytes: Buffer, from: number): number {
    const text = this.#text;
    // Only what begins here can be known, and be remembered if it ends here too.
    const whole = this.#step === "line" && !text.begun;
    const known = whole ? answerMemory.find(this.#place, bytes, from) : undefined;
    if (known !== undefined && text.hasRoom(known.bytes.length)) return this.#endKnown(known, from);
    text.give(bytes, from);
    if (this.#scanHead() === "more") {
      text.keep();
      return bytes.length;
    }
    return this.#endHead(whole ? bytes : undefined, from);
  }

  /** A head that came before. */
  #endKnown({ bytes, meaning }: Remembered<KnownFields & StatusLine>, from: number): number {
    const head = this.#head;
    head.status = meaning.status;
    head.minor = meaning.minor;
    head.repeated = true;
    this.#misses.hit();
    this.problem = this.#judge(meaning.framing, meaning.fields);
    if (this.problem === undefined) this.#tell();
    return from + bytes.length;
  }

  /** @param bytes with all of the head, which begins at `from`; undefined when it came in pieces */
  #endHead(bytes: Buffer | undefined, from: number): number {
    const text = this.#text;
    const { position } = text;
    const head = this.#head;
    head.repeated = false;
    this.problem = text.cursor.problem ?? this.#judge(this.#framing, this.#fields);
    text.reset();
    if (this.problem !== undefined) return position;
    if (bytes !== undefined && this.#misses.miss()) {
      const { status, minor } = head;
      const meaning = { status, minor, fields: this.#fields, framing: this.#framing };
      head.repeated = answerMemory.learn(this.#place, bytes, { from, to: position }, meaning);
    }
    if (head.repeated) this.#framing = new Framing();
    this.#tell();
    return position;
  }

  #scanHead(): "more" | "end" | "broken" {
    const text = this.#text;
    if (this.#step === "line") {
      const line = scanStatusLine(text.cursor, this.#head, text.tooLarge);
      if (line === "more" || line === "broken") return line;
      this.#step = "fields";
    }
    const scan = text.scanFields(this.#fields, this.#note, answerMemory.lines(this.#place));
    return scan === "line" ? "more" : scan;
  }

  readonly #note = (name: string, value: string): undefined => {
    this.#framing.note(name, value, this.#fields.length - 2);
  };

  #judge(framing: Framing, fields: HeaderList): WireProblem | undefined {
    const head = this.#head;
    const { status, minor } = head;
    head.fields = fields;
    this.#keepAliveSeconds = framing.keepAliveSeconds();
    head.upgrade = framing.upgrades(minor);
    head.length = 0;
    head.keepAlive = framing.persists(minor);
    // Also of an answer without body: another recipient might go by what its fields say.
    const problem = framing.problem(minor);
    if (problem !== undefined) return problem;
    if (status === 101) return this.#mayUpgrade ? undefined : unasked101();
    if (status < 200) return undefined;
    // RFC 9112 §6.3, item 1: these have no body, whatever their fields say.
    if (this.#method === "HEAD" || status === 204 || status === 304) return undefined;
    head.length = framing.length(untilClose);
    if (head.length === untilClose) head.keepAlive = false;
    return undefined;
  }

  #tell(): void {
    const head = this.#head;
    if (head.status >= 200 || head.status === 101) {
      this.#step = head.status === 101 ? "rest" : "body";
      this.#sink.onHead(head);
      if (head.status !== 101) this.#body.begin(head.length);
      return;
    }
    this.#interim++;
    if (this.#interim > maxInterim) this.problem = interimFlood();
    const { fields } = head;
    this.#step = "line";
    this.#fields = [];
    this.#framing.reset();
    this.#sink.onInform(head.status, fields);
  }
}

/** RFC 9110 §15.2.2. A change of protocol nobody asked for would make the next answer part of a tunnel. */
function unasked101(): WireProblem {
  return { ...statusForm(), clause: "unasked101", text: "the peer changed the protocol without being asked" };
}

/** RFC 9110 §15.2. Interim answers without end keep a client busy and never answer it. */
function interimFlood(): WireProblem {
  return {
    ...statusForm(),
    clause: "interimFlood",
    text: `more than ${maxInterim} interim answers came to one request`,
  };
}

class DecodedAnswer implements AnswerHead {
  status = 0;
  minor: 0 | 1 = 1;
  fields: readonly string[] = [];
  length = 0;
  keepAlive = true;
  upgrade: string | undefined;
  repeated = false;
}
