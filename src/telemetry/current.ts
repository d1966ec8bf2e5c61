import { AsyncLocalStorage } from "node:async_hooks";
import type { Span } from "./span.ts";

const storage = new AsyncLocalStorage<Span | undefined>();

/** The span that the running code belongs to; undefined outside of any. */
export function currentSpan(): Span | undefined {
  return storage.getStore();
}

/** Runs `run` with `span` as the current span, also for everything asynchronous that it starts. Does not end the span. */
export function withSpan<T>(span: Span | undefined, run: () => T): T {
  return storage.run(span, run);
}
