import type { HeaderList } from "../../exchange.ts";

/**
 * What we say is made of what we understood, field by field: no byte of a received head is passed on unread. A name
 * or value that would end its line early (response splitting) is refused before anything is sent.
 */
export class Unwritable extends Error {}

/** Characters that no value may hold; text beyond Latin-1 has no bytes in HTTP/1.1 (RFC 9110 §5.5). */
const unwritable = /[^\t\x20-\x7e\x80-\xff]/;
const notToken = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;

/**
 * The lines of a head, ready to be sent. Fields of framing (Content-Length, Transfer-Encoding, Connection,
 * Keep-Alive, Upgrade) are left out: the engine writes them from what it knows of the message.
 */
export class FieldBlock {
  /** The lines, each with its CRLF. */
  text = "";
  hasHost = false;
  hasDate = false;
  /** Connection: close was among the fields. */
  closes = false;
  /** Protocols named by Upgrade: a 426 must name them (RFC 9110 §15.5.22), no other answer may. */
  upgrade = "";

  /** @throws Unwritable */
  static from(fields: HeaderList): FieldBlock {
    const block = new FieldBlock();
    for (let i = 0; i + 1 < fields.length; i += 2) block.add(fields[i] ?? "", fields[i + 1] ?? "");
    return block;
  }

  /** Adds a field of whatever origin. @throws Unwritable */
  add(name: string, value: string): void {
    if (name === "" || notToken.test(name)) throw new Unwritable(`"${name}" is no name of a field`);
    if (unwritable.test(value)) throw new Unwritable(`the value of ${name} holds what HTTP/1.1 cannot carry`);
    this.copy(name, value);
  }

  /** As `add`. @returns false, and adds nothing, when it cannot be written */
  tryAdd(name: string, value: string): boolean {
    if (name === "" || notToken.test(name) || unwritable.test(value)) return false;
    this.copy(name, value);
    return true;
  }

  /** Adds a field that a decoder of ours has read, or a constant: nothing is checked again. */
  copy(name: string, value: string): void {
    if (this.#note(name, value)) this.text += `${name}: ${value}\r\n`;
  }

  /** Adds all lines of another block. */
  join(block: FieldBlock): void {
    this.text += block.text;
    this.hasHost ||= block.hasHost;
    this.hasDate ||= block.hasDate;
    this.closes ||= block.closes;
    this.upgrade ||= block.upgrade;
  }

  /** The same lines, to be continued; those here stay as they are. */
  extended(): FieldBlock {
    const block = new FieldBlock();
    block.text = this.text;
    block.hasHost = this.hasHost;
    block.hasDate = this.hasDate;
    block.closes = this.closes;
    block.upgrade = this.upgrade;
    return block;
  }

  /** For a block that will be sent many times: its text in one piece, where it was a sum of many. */
  settled(): this {
    this.text = Buffer.from(this.text, "latin1").toString("latin1");
    return this;
  }

  /** @returns false for a field that the engine writes itself */
  #note(name: string, value: string): boolean {
    switch (name.length) {
      case 4:
        if (is(name, "date")) this.hasDate = true;
        else if (is(name, "host")) this.hasHost = true;
        return true;
      case 7:
        if (!is(name, "upgrade")) return true;
        this.upgrade += this.upgrade === "" ? value : `, ${value}`;
        return false;
      case 10:
        if (!is(name, "connection")) return !is(name, "keep-alive");
        if (/\bclose\b/i.test(value)) this.closes = true;
        return false;
      case 14:
        return !is(name, "content-length");
      case 17:
        return !is(name, "transfer-encoding");
      default:
        return true;
    }
  }
}

function is(name: string, lower: string): boolean {
  return name === lower || name.toLowerCase() === lower;
}

/** The fields as a block, whichever way they were given. @throws Unwritable */
export function blockOf(fields: HeaderList | FieldBlock): FieldBlock {
  return fields instanceof FieldBlock ? fields : FieldBlock.from(fields);
}
