/** The body of gRPC-Web text: base64, perhaps in several padded parts, cut anywhere. */
export class Base64Body {
  #rest = "";

  /** The bytes that are complete. */
  push(chunk: Buffer): Buffer {
    const text = this.#rest + chunk.toString("latin1");
    const whole = text.length - (text.length % 4);
    this.#rest = text.slice(whole);
    const parts: Buffer[] = [];
    // A padded part may be followed by the next one.
    for (const part of text.slice(0, whole).match(/[^=]+=*/g) ?? []) parts.push(Buffer.from(part, "base64"));
    return Buffer.concat(parts);
  }
}
