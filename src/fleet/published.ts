import { openEngine, type RegistryEngine } from "../discovery/index.ts";
import { type Clock, messageOf, type Random, type Secret } from "../kernel/index.ts";
import type { HttpClient } from "../net/index.ts";
import { toOverlay, type Values } from "../rpc/index.ts";
import type { Logger } from "../telemetry/index.ts";

export interface PublishedOptions {
  /** The fleet's registry; undefined: there is none, and nothing is published. */
  readonly url: string | undefined;
  readonly token: Secret | undefined;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** What was published for services. */
export interface Published extends AsyncDisposable {
  /** As it is now; while the registry is away as it was last seen. */
  of(service: string): Promise<Values>;
}

/** A start waits no longer for a registry that does not answer. */
const answerWithinMs = 2_000;

/**
 * Asked at every start of a process, so that a service in any language begins with what was published for it; one that
 * follows it with `liveSettings` hears of changes as well.
 */
export function publishedValues({ url, ...options }: PublishedOptions): Published {
  const { clock, log } = options;
  const last = new Map<string, Values>();
  let opened: Promise<RegistryEngine> | undefined;
  const engine = (to: string): Promise<RegistryEngine> => {
    opened ??= openEngine({ ...options, url: to }).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const ask = async (to: string, service: string): Promise<Values> => {
    const prefix = `config/${service}/`;
    const late = new AbortController();
    using _limit = clock.after(answerWithinMs, () => late.abort(), { background: true });
    const { entries } = await (await engine(to)).kv.list(prefix, late.signal);
    return toOverlay(
      entries.map(({ key, value }) => [key.slice(prefix.length), Buffer.from(value).toString()]),
    );
  };
  return {
    async of(service) {
      if (url === undefined) return {};
      try {
        last.set(service, await ask(url, service));
      } catch (error) {
        log.warn("what is published cannot be asked for; the last known is used", {
          service,
          reason: messageOf(error),
        });
      }
      return last.get(service) ?? {};
    },
    async [Symbol.asyncDispose]() {
      await (await opened?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}
