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

/** A context of W3C Trace Context that differs for each call. */
export function traceparent(): string {
  return `00-${hex()}${hex()}${hex()}${hex()}-${hex()}${hex()}-00`;
}

/** A deadline that differs for each call, in milliseconds from now. */
export function timeoutMs(): number {
  return 5_000 + Math.floor(Math.random() * 5_000);
}

function hex(): string {
  return Math.floor(Math.random() * 0x1_0000_0000)
    .toString(16)
    .padStart(8, "0");
}
