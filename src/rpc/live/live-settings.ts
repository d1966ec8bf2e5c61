import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../../kernel/index.ts";
import type { Runtime } from "../runtime.ts";
import { parseSettings, processRuntime } from "../runtime.ts";
import type { OutputOf, Schema } from "../schema.ts";

/** A service's configuration as it is now. Disposing stops hearing of changes. */
export interface LiveSettings<T> extends AsyncDisposable {
  readonly value: T;
  /** Hears of each new value. Must not throw. */
  subscribe(listener: (value: T, before: T) => void): Disposable;
}

/**
 * The service's `config` block with what was published for it laid over it: keys below `config/<service>/` of the
 * registry, slashes making folders (`tusker config publish pool/size=50 --service user-service --reason …`). A
 * published value that does not fit the schema is refused and said aloud; the last good one stays. While the registry
 * is away the last known stays in use, also over a restart of this process.
 *
 * @throws TuskerError RPC_CONFIG when what is known at the start does not fit
 * @example
 * const config = await liveSettings(z.object({ pool: z.object({ size: z.number() }) }));
 * config.subscribe(({ pool }) => resize(pool.size));
 */
export async function liveSettings<S extends Schema>(schema: S): Promise<LiveSettings<OutputOf<S>>> {
  return liveSettingsOf(processRuntime(), schema);
}

/** As `liveSettings`, of a runtime. */
export async function liveSettingsOf<S extends Schema>(
  runtime: Runtime,
  schema: S,
): Promise<LiveSettings<OutputOf<S>>> {
  const published = runtime.followPublished();
  try {
    await published.ready;
    return live(runtime, schema, published);
  } catch (error) {
    await published[Symbol.asyncDispose]();
    throw error;
  }
}

function live<S extends Schema>(
  runtime: Runtime,
  schema: S,
  published: ReturnType<Runtime["followPublished"]>,
): LiveSettings<OutputOf<S>> {
  const listeners = new Set<{ readonly tell: (value: OutputOf<S>, before: OutputOf<S>) => void }>();
  let value = firstOf(runtime, schema);
  const subscription = published.subscribe(() => {
    const before = value;
    try {
      value = parseSettings(runtime, schema);
    } catch (error) {
      runtime.log.error("what was published does not fit; the last configuration stays", {
        reason: messageOf(error),
      });
      return;
    }
    if (isDeepStrictEqual(before, value)) return;
    for (const { tell } of [...listeners]) tell(value, before);
  });
  return {
    get value() {
      return value;
    },
    subscribe(tell) {
      const entry = { tell };
      listeners.add(entry);
      return { [Symbol.dispose]: () => void listeners.delete(entry) };
    },
    async [Symbol.asyncDispose]() {
      subscription[Symbol.dispose]();
      await published[Symbol.asyncDispose]();
    },
  };
}

/** What was published must not keep a service from starting that could start without it. */
function firstOf<S extends Schema>(runtime: Runtime, schema: S): OutputOf<S> {
  try {
    return parseSettings(runtime, schema);
  } catch (error) {
    const value = parseSettings(runtime, schema, runtime.fileSettings);
    runtime.log.error("what was published does not fit; the file's configuration is used", {
      reason: messageOf(error),
    });
    return value;
  }
}
