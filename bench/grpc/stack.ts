/** One way for two processes to call each other; a module of `stacks/` for each. */
export interface Stack {
  /** Serves an echo on a port of its choice. */
  serve(): Promise<number>;
  /** Connects to it. The calls of one connection run at once. */
  connect(port: number): Promise<Caller>;
}

export interface Caller {
  /** One call: what comes back is what was sent. */
  call(user: User): Promise<User>;
  /** As many messages of `streamedBytes` as are asked for, in one stream; resolves with the bytes that came. */
  stream?(messages: number): Promise<number>;
  close(): Promise<void>;
}

/** What is sent: five fields, about 90 bytes of protobuf. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly age: number;
  readonly city: string;
}

export const ada: User = {
  id: "7f1c2a34-5b6d-4e8f-9a0b",
  name: "Ada Lovelace",
  email: "ada.lovelace@example.com",
  age: 36,
  city: "London, Marylebone",
};

/** What a streamed message holds. */
export const streamedBytes = 1_048_576;

/** A context of W3C Trace Context that differs for each call, counted up: what load costs is not what is measured. */
export function traceparent(): string {
  const n = count++;
  const low = `${digits[(n >>> 16) & 0xffff]}${digits[n & 0xffff]}`;
  return `00-${origin}${low}-${low}${low}-00`;
}

/** A deadline that differs for each call, in milliseconds from now. */
export function timeoutMs(): number {
  return 5_000 + Math.floor(Math.random() * 5_000);
}

const digits: readonly string[] = Array.from({ length: 0x1_0000 }, (_, n) => n.toString(16).padStart(4, "0"));
const origin = Array.from({ length: 6 }, () => digits[Math.floor(Math.random() * 0x1_0000)]).join("");
let count = 1;
