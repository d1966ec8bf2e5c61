import type { HeaderList } from "../../exchange.ts";
import { chunked, untilClose } from "../engine.ts";
import { cr, lf, semicolon, space, tab, valueChars } from "./characters.ts";
import {
  bareCarriageReturn,
  chunkEnd,
  chunkExtensionsTooLong,
  chunkSize,
  chunkSizeTooLong,
  controlCharacter,
  trailerAllowed,
} from "./clauses.ts";
import { type HeadLimits, HeadText } from "./fields.ts";
import type { WireProblem } from "./problem.ts";

/** What a body tells. */
export interface BodySink {
  /** Bytes of the body, a view into what was given. Never empty. */
  onBody(bytes: Buffer): void;
  onBodyEnd(trailers: HeaderList): void;
}

/** Bytes of chunk extensions in one body; they are read past and dropped (RFC 9112 §7.1.1). */
const maxExtensionBytes = 4_096;
const maxSizeDigits = 12;
const none: HeaderList = Object.freeze([]);

type Step =
  | "over"
  | "length"
  | "close"
  | "size-first"
  | "size"
  | "extension-blank"
  | "extension"
  | "size-lf"
  | "data"
  | "data-cr"
  | "data-lf"
  | "trailers";

/** Decodes the body of one message after the other: a length, chunks, or everything until the connection ends. */
export class BodyDecoder {
  problem: WireProblem | undefined;
  readonly #sink: BodySink;
  readonly #limits: HeadLimits;
  #step: Step = "over";
  /** Bytes left of the body or of the chunk. */
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailers: HeadText | undefined;
  #fields: string[] = [];

  constructor(sink: BodySink, limits: HeadLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** True when no body is awaited. */
  get over(): boolean {
    return this.#step === "over";
  }

  /** Begins a body; one without bytes ends at once. */
  begin(length: number): void {
    this.problem = undefined;
    if (length === chunked) {
      this.#step = "size-first";
      this.#digits = 0;
      this.#left = 0;
      this.#extensionBytes = 0;
    } else if (length === untilClose) {
      this.#step = "close";
    } else {
      this.#left = length;
      this.#step = "length";
      if (length === 0) this.#end(none);
    }
  }

  /** The connection ended. @returns false when the body was not complete: what came is not the whole. */
  close(): boolean {
    if (this.#step === "close") this.#end(none);
    return this.#step === "over";
  }

  /** Gives up on the body; nothing more is told. */
  drop(): void {
    this.#step = "over";
  }

  /** @returns where in `bytes` it stopped: at their end, behind the body, or where `problem` is */
  decode(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && this.#step !== "over" && this.problem === undefined)
      at = this.#some(bytes, at);
    return at;
  }

  #some(bytes: Buffer, at: number): number {
    switch (this.#step) {
      case "length":
        return this.#counted(bytes, at, true);
      case "data":
        return this.#counted(bytes, at, false);
      case "close":
        this.#sink.onBody(at === 0 ? bytes : bytes.subarray(at));
        return bytes.length;
      case "trailers":
        return this.#trailer(bytes, at);
      default:
        return this.#frame(bytes[at] ?? 0, at);
    }
  }

  #counted(bytes: Buffer, at: number, last: boolean): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    const done = this.#left === 0;
    if (done && !last) this.#step = "data-cr";
    this.#sink.onBody(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    // The sink may have given up on the body in between.
    if (done && last && this.#step === "length") this.#end(none);
    return end;
  }

  /** One byte between the data of chunks. */
  #frame(code: number, at: number): number {
    switch (this.#step) {
      case "size-first":
      case "size":
        return this.#size(code, at);
      case "extension-blank":
        // RFC 9112 §7.1.1: blanks before an extension are bad, and read past.
        if (code === semicolon) this.#step = "extension";
        else if (code !== space && code !== tab) return this.#fail(chunkSize(code), at);
        return this.#extension(at);
      case "extension":
        if (code === cr) this.#step = "size-lf";
        else if (valueChars[code] !== 1) return this.#fail(controlCharacter(code), at);
        return this.#extension(at);
      case "size-lf":
        if (code !== lf) return this.#fail(bareCarriageReturn(), at);
        this.#beginChunk();
        return at + 1;
      case "data-cr":
        if (code !== cr) return this.#fail(chunkEnd(), at);
        this.#step = "data-lf";
        return at + 1;
      default:
        if (code !== lf) return this.#fail(chunkEnd(), at);
        this.#step = "size-first";
        this.#digits = 0;
        return at + 1;
    }
  }

  #size(code: number, at: number): number {
    const digit = hexDigit(code);
    if (digit >= 0) {
      this.#digits++;
      if (this.#digits > maxSizeDigits) return this.#fail(chunkSizeTooLong(), at);
      this.#left = this.#left * 16 + digit;
      this.#step = "size";
      return at + 1;
    }
    if (this.#step === "size-first") return this.#fail(chunkSize(code), at);
    if (code === cr) this.#step = "size-lf";
    else if (code === semicolon) this.#step = "extension";
    else if (code === space || code === tab) this.#step = "extension-blank";
    else return this.#fail(chunkSize(code), at);
    return code === cr ? at + 1 : this.#extension(at);
  }

  #extension(at: number): number {
    this.#extensionBytes++;
    if (this.#extensionBytes > maxExtensionBytes)
      return this.#fail(chunkExtensionsTooLong(maxExtensionBytes), at);
    return at + 1;
  }

  #beginChunk(): void {
    if (this.#left > 0) {
      this.#step = "data";
      return;
    }
    this.#step = "trailers";
    this.#fields = [];
    this.#trailers ??= new HeadText(this.#limits);
    this.#trailers.reset();
  }

  #trailer(bytes: Buffer, at: number): number {
    const text = this.#trailers;
    if (text === undefined) return bytes.length;
    text.give(bytes, at);
    const scan = text.scanFields(this.#fields, trailerAllowed);
    if (scan === "more") {
      text.keep();
      return bytes.length;
    }
    if (scan === "end") this.#end(this.#fields);
    else this.problem = text.cursor.problem;
    return text.position;
  }

  #end(trailers: HeaderList): void {
    this.#step = "over";
    this.#sink.onBodyEnd(trailers);
  }

  #fail(problem: WireProblem, at: number): number {
    this.problem = problem;
    return at;
  }
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}
