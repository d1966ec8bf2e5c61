import type { TuskerError } from "../../../kernel/index.ts";
import type { HeaderList, MessageCounts, MessageStream } from "../../../net/index.ts";
import { AnswerFields } from "../../fields/answer.ts";
import { pack } from "../compress.ts";
import { failureFields } from "../failure.ts";
import { frameOverhead } from "../frame.ts";
import type { Dialect } from "./head.ts";
import type { PageFields } from "./web-origins.ts";

const accepted = ["grpc-accept-encoding", "identity,gzip"];
const heads: Readonly<Record<Dialect, readonly [plain: HeaderList, packed: HeaderList]>> = {
  grpc: headsOf("application/grpc+proto"),
  web: headsOf("application/grpc-web+proto"),
  "web-text": headsOf("application/grpc-web-text+proto"),
};
const okTrailers: HeaderList = ["grpc-status", "0"];
const none: HeaderList = [];

/** The answering side of one call, in the caller's dialect. */
export class Reply {
  readonly #stream: MessageStream;
  readonly #dialect: Dialect;
  /** Messages larger than this are packed; undefined packs none. */
  readonly #packAbove: number | undefined;
  readonly #page: PageFields | undefined;
  /** What the handler adds; most add nothing. */
  #fields: AnswerFields | undefined;
  readonly #messages: MessageCounts;
  #headed = false;

  constructor(stream: MessageStream, asked: AskedBy, packAbove: number | undefined) {
    this.#stream = stream;
    this.#dialect = asked.dialect;
    this.#page = asked.page;
    this.#messages = asked.messages;
    this.#packAbove = packAbove;
  }

  get fields(): AnswerFields {
    this.#fields ??= new AnswerFields(this.#headed);
    return this.#fields;
  }

  /** The only message and a good end, in one piece where the windows allow. */
  whole(framed: Uint8Array): Promise<void> | undefined {
    if (this.#dialect !== "grpc" || this.#packs(framed)) return this.#inParts(framed);
    this.#headed = true;
    this.#messages.sent++;
    this.#stream.message({ fixed: this.#head(), varying: this.#own() }, framed, {
      fixed: okTrailers,
      varying: this.#fields?.tail ?? none,
    });
    return undefined;
  }

  /** One of several messages; false: wait until the stream is drained. */
  async message(framed: Uint8Array): Promise<boolean> {
    const bytes = this.#packs(framed) ? await pack(framed) : framed;
    this.#begin();
    this.#messages.sent++;
    return this.#stream.data(this.#dialect === "web-text" ? base64(bytes) : bytes);
  }

  /** Ends well. */
  end(): void {
    this.#begin();
    this.#tail(okTrailers, this.#fields?.tail ?? none);
  }

  /** Ends with a status other than OK: trailers only when nothing was said yet. */
  fail(error: TuskerError): void {
    this.status(failureFields(error));
  }

  status(failure: HeaderList): void {
    const trailers = this.#fields === undefined ? failure : [...failure, ...this.#fields.tail];
    // In trailers alone nobody could tell the fields of the head from those of the end.
    if (this.#fields !== undefined && this.#fields.head.length > 0) this.#begin();
    if (this.#headed) {
      this.#tail(none, trailers);
      return;
    }
    this.#headed = true;
    // gRPC-Web, "HTTP/1.1 or HTTP/2": trailers-only answers carry their status in the head as well.
    const [plain] = heads[this.#dialect];
    const page = this.#page?.(trailers) ?? none;
    this.#stream.message({ fixed: plain, varying: [...page, ...trailers] }, undefined, undefined);
  }

  async #inParts(framed: Uint8Array): Promise<void> {
    await this.message(framed);
    this.end();
  }

  #packs(framed: Uint8Array): boolean {
    return this.#packAbove !== undefined && framed.byteLength - frameOverhead > this.#packAbove;
  }

  #begin(): void {
    if (!this.#headed) this.#stream.head(this.#head(), this.#own(), "more");
    this.#headed = true;
  }

  /** What is not the same in every head. */
  #own(): HeaderList {
    const added = this.#fields?.leave() ?? none;
    return this.#page === undefined ? added : [...this.#page(added), ...added];
  }

  #head(): HeaderList {
    const [plain, packed] = heads[this.#dialect];
    return this.#packAbove === undefined ? plain : packed;
  }

  #tail(fixed: HeaderList, varying: HeaderList): void {
    if (this.#dialect === "grpc") {
      this.#stream.end(fixed, varying);
      return;
    }
    const trailers = webTrailers([...fixed, ...varying]);
    this.#stream.data(this.#dialect === "web-text" ? base64(trailers) : trailers);
    this.#stream.end(none, none);
  }
}

/** Who asked, and how. */
interface AskedBy {
  readonly dialect: Dialect;
  readonly page?: PageFields | undefined;
  readonly messages: MessageCounts;
}

function headsOf(contentType: string): [HeaderList, HeaderList] {
  const plain = [":status", "200", "content-type", contentType, ...accepted];
  return [plain, [...plain, "grpc-encoding", "gzip"]];
}

/** gRPC-Web: a message with flag 0x80 that holds the trailers as lines of HTTP/1.1. */
function webTrailers(fields: HeaderList): Buffer {
  let text = "";
  for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
  const bytes = Buffer.allocUnsafe(frameOverhead + text.length);
  bytes[0] = 0x80;
  bytes.writeUInt32BE(text.length, 1);
  bytes.write(text, frameOverhead, "latin1");
  return bytes;
}

/** Every piece is padded by itself, as gRPC-Web allows. */
function base64(bytes: Uint8Array): Buffer {
  return Buffer.from(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64"),
    "latin1",
  );
}
