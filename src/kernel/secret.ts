const custom = Symbol.for("nodejs.util.inspect.custom");

/**
 * A value that never prints: not in JSON, templates, `inspect`, logs, spans or errors. Only `reveal` gives it back,
 * and only the service that owns it should call that.
 *
 * @example String(new Secret("sk_live_1")) // "[secret]"
 */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The plain value. Every call of this is worth a second look in review. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.toPrimitive](): string {
    return "[secret]";
  }

  [custom](): string {
    return "[secret]";
  }
}
