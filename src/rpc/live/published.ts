import { lastKnown, openEngine, type RegistryHttp } from "../../discovery/index.ts";
import { type Clock, messageOf, type Random, type Secret, taskScope } from "../../kernel/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { toOverlay, type Values } from "./overlay.ts";

/** What was published for a service, followed. */
export interface Published extends AsyncDisposable {
  /** Resolves when it is known, or when it is known that nobody can be asked. */
  readonly ready: Promise<void>;
  /** As it is now. */
  readonly values: Values;
  /** Hears of each change. */
  subscribe(listener: () => void): Disposable;
}

export interface PublishedOptions {
  readonly service: string;
  /** What was known when the process was started. */
  readonly atStart: Values;
  readonly url: string;
  readonly http: RegistryHttp;
  /** Shown to the registry. */
  readonly token?: Secret | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where it is kept for a start while the registry is away. */
  readonly cacheDir: string | undefined;
}

/** Where there is no registry. */
export const nothingPublished: Published = {
  ready: Promise.resolve(),
  values: {},
  subscribe: () => ({ [Symbol.dispose]: () => undefined }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** How long a start waits for a registry that neither answers nor refuses. */
const longestStartMs = 5_000;

const [firstRetryMs, longestRetryMs] = [100, 5_000];

/**
 * Follows the keys below `config/<service>/`:
 * 1. open the registry; when it cannot be reached, take what an earlier process kept, and try again with jitter;
 * 2. take its state, then each change; keep both on disk;
 * 3. a registry that goes away takes nothing back: the last values stay.
 */
export function followPublished(options: PublishedOptions): Published {
  const { service, url, http, token, clock, random, log } = options;
  const prefix = `config/${service}/`;
  const known = options.cacheDir === undefined ? undefined : lastKnown(options.cacheDir, clock);
  const listeners = new Set<{ readonly tell: () => void }>();
  const ready = Promise.withResolvers<void>();
  const entries = new Map<string, string>();
  let values: Values = options.atStart;
  let heard = false;
  /** In a row, without hearing anything. */
  let failures = 0;

  const adopt = (): void => {
    values = toOverlay(entries);
    for (const { tell } of [...listeners]) tell();
    ready.resolve();
  };
  const recall = async (): Promise<void> => {
    const kept = await known?.load("configuration");
    if (!heard && isTexts(kept)) {
      for (const [key, value] of Object.entries(kept)) entries.set(key, value);
      adopt();
    }
    ready.resolve();
  };
  const follow = async (signal: AbortSignal): Promise<void> => {
    await using engine = await openEngine({ url, http, token, clock, random, log });
    for await (const { snapshot, put, gone } of engine.kv.watch(prefix, { signal })) {
      if (snapshot) entries.clear();
      for (const { key, value } of put) entries.set(key.slice(prefix.length), Buffer.from(value).toString());
      for (const key of gone) entries.delete(key.slice(prefix.length));
      heard = true;
      failures = 0;
      adopt();
      known?.save("configuration", Object.fromEntries(entries));
    }
  };

  const scope = taskScope((error) => log.error("published configuration is not followed", { error }));
  scope.run(async (signal) => {
    const late = clock.after(longestStartMs, () => void recall(), { background: true });
    while (!signal.aborted) {
      try {
        await follow(signal);
      } catch (error) {
        if (signal.aborted) break;
        if (failures === 0)
          log.warn("published configuration cannot be asked for; the last known stays in use", {
            registry: url,
            reason: messageOf(error),
          });
        await recall();
        const longest = Math.min(longestRetryMs, firstRetryMs * 2 ** failures++);
        await clock.sleep(longest * (0.5 + random.next() / 2), signal).catch(() => undefined);
      }
    }
    late.cancel();
    ready.resolve();
  });

  return {
    ready: ready.promise,
    get values() {
      return values;
    },
    subscribe(tell) {
      const entry = { tell };
      listeners.add(entry);
      return { [Symbol.dispose]: () => void listeners.delete(entry) };
    },
    async [Symbol.asyncDispose]() {
      await scope.close();
      await known?.[Symbol.asyncDispose]();
    },
  };
}

function isTexts(value: unknown): value is Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((one) => typeof one === "string");
}
