import type { Clock, Random } from "../../kernel/index.ts";

/** When to start a process again that ended by itself. */
export interface RestartPolicy {
  /** Call at each unwanted exit. `delayMs` is jittered; `loop` counts exits once they make a crash loop. */
  exited(uptimeMs: number): {
    readonly delayMs: number;
    readonly loop: { readonly exits: number; readonly withinMs: number } | undefined;
  };
}

export interface RestartSettings {
  /** First delay; default 100. Doubles with each exit in a row. */
  readonly firstMs?: number;
  /** Longest delay; default 10,000. */
  readonly maxMs?: number;
  /** A process that lived this long starts the count anew; default 10,000. */
  readonly stableMs?: number;
  /** Exits in a row that make a crash loop; default 5. */
  readonly loopAfter?: number;
}

/** Exponential back-off with jitter 50–100 %, forgotten once a process has been stable. */
export function restartPolicy(clock: Clock, random: Random, settings: RestartSettings = {}): RestartPolicy {
  const { firstMs = 100, maxMs = 10_000, stableMs = 10_000, loopAfter = 5 } = settings;
  let exits: number[] = [];
  return {
    exited(uptimeMs) {
      if (uptimeMs >= stableMs) exits = [];
      exits.push(clock.now());
      const ceiling = Math.min(maxMs, firstMs * 2 ** (exits.length - 1));
      const delayMs = ceiling * (0.5 + random.next() / 2);
      const first = exits[0] ?? clock.now();
      const loop =
        exits.length >= loopAfter ? { exits: exits.length, withinMs: clock.now() - first } : undefined;
      if (exits.length > 1000) exits = exits.slice(-loopAfter);
      return { delayMs, loop };
    },
  };
}
