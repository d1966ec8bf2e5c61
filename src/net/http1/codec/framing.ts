import { chunked, type untilClose } from "../engine.ts";
import { codingNeedsHttp11, lengthBesideCoding, lengthForm, onlyChunked } from "./clauses.ts";
import type { WireProblem } from "./problem.ts";

/** The fields that decide where a message ends and what becomes of its connection. Filled while a head is read. */
export class Framing {
  lengths = 0;
  lengthValue = "";
  codings = 0;
  codingValue = "";
  hosts = 0;
  hostValue = "";
  hostIndex = 0;
  connection = "";
  upgrade: string | undefined;
  expect: string | undefined;
  keepAlive = "";

  reset(): void {
    this.lengths = 0;
    this.codings = 0;
    this.codingValue = "";
    this.hosts = 0;
    this.connection = "";
    this.upgrade = undefined;
    this.expect = undefined;
    this.keepAlive = "";
  }

  /** Notes a field if it is one of them. The length of its name rules out nearly all others. */
  note(name: string, value: string, index: number): void {
    switch (name.length) {
      case 4:
        if (is(name, "host")) {
          this.hosts++;
          this.hostValue = value;
          this.hostIndex = index + 1;
        }
        return;
      case 6:
        if (is(name, "expect")) this.expect = value;
        return;
      case 7:
        if (is(name, "upgrade")) this.upgrade = joined(this.upgrade, value);
        return;
      case 10:
        if (is(name, "connection")) this.connection = joined(this.connection, value);
        else if (is(name, "keep-alive")) this.keepAlive = joined(this.keepAlive, value);
        return;
      case 14:
        if (is(name, "content-length")) {
          this.lengths++;
          this.lengthValue = value;
        }
        return;
      case 17:
        if (is(name, "transfer-encoding")) {
          this.codings++;
          this.codingValue = joined(this.codingValue, value);
        }
        return;
      default:
    }
  }

  /** Whether the fields that tell the length contradict each other or themselves. */
  problem(minor: 0 | 1): WireProblem | undefined {
    if (this.lengths === 0 && this.codings === 0) return undefined;
    return (
      lengthBesideCoding(this.lengths, this.codings) ??
      codingNeedsHttp11(this.codings, minor) ??
      onlyChunked(this.codings, this.codingValue) ??
      lengthForm(this.lengths, this.lengthValue)
    );
  }

  /** RFC 9112 §6.3, items 4 to 7, once `problem` has found nothing. */
  length(otherwise: 0 | typeof untilClose): number {
    if (this.codings > 0) return chunked;
    return this.lengths > 0 ? Number(this.lengthValue) : otherwise;
  }

  /** RFC 9112 §9.3: HTTP/1.1 stays unless it says close, HTTP/1.0 closes unless it says keep-alive. */
  persists(minor: 0 | 1): boolean {
    if (this.connection === "") return minor === 1;
    if (this.#names("close")) return false;
    return minor === 1 || this.#names("keep-alive");
  }

  /** The protocols to change to: Upgrade counts only where Connection names it, and never in HTTP/1.0. */
  upgrades(minor: 0 | 1): string | undefined {
    if (this.upgrade === undefined || minor === 0 || !this.#names("upgrade")) return undefined;
    return this.upgrade;
  }

  /** Seconds of `Keep-Alive: timeout=n` (RFC 2068 §19.7.1); undefined when the peer does not say. */
  keepAliveSeconds(): number | undefined {
    if (this.keepAlive === "") return undefined;
    const seconds = /(?:^|[,;\s])timeout=(\d{1,7})(?:$|[,;\s])/i.exec(this.keepAlive)?.[1];
    return seconds === undefined ? undefined : Number(seconds);
  }

  #names(option: string): boolean {
    const text = this.connection.toLowerCase();
    if (text === option) return true;
    if (!text.includes(option)) return false;
    return text.split(",").some((name) => name.trim() === option);
  }
}

function is(name: string, lower: string): boolean {
  return name === lower || name.toLowerCase() === lower;
}

function joined(before: string | undefined, value: string): string {
  return before === undefined || before === "" ? value : `${before}, ${value}`;
}
