import { isFields, malformed, parseJson, textOf } from "../../json.ts";
import { fromStart, nextIndex } from "../../questions/blocking-index.ts";
import type { Mutex } from "../engine.ts";
import { leaseMutex } from "../lease-mutex.ts";
import type { EngineOptions } from "../options.ts";
import { entriesOf, keyPath, onlyRaced, send, transact } from "./consul-wire.ts";

/**
 * Mutual exclusion by sessions. The token is the index of the write that took the key: indexes only grow, also when
 * the key was deleted in between. No lock delay is asked for; the token does what it is meant for.
 */
export function consulMutex(options: EngineOptions): Mutex {
  const { http, clock, random } = options;
  const wire = { url: options.url, http };

  /** Resolves when the key is not held, or after a while. */
  const free = async (key: string, signal: AbortSignal): Promise<void> => {
    let index = fromStart;
    for (;;) {
      const path = `/v1/kv/${keyPath(key)}?index=${index}&wait=${options.updateIntervalMs ?? 30_000}ms`;
      const headTimeoutMs = (options.updateIntervalMs ?? 30_000) * (17 / 16) + 5_000;
      const answer = await send(wire, { method: "GET", path, signal, headTimeoutMs }, [200, 404]);
      if (answer.status === 404 || !isHeld(parseJson(answer.text))) return;
      index = nextIndex(index, answer.index);
    }
  };

  return leaseMutex<string>({
    clock,
    async grant(leaseMs, signal) {
      const body = JSON.stringify({ TTL: `${leaseMs}ms`, Behavior: "release", LockDelay: "0s" });
      const abort = signal === undefined ? {} : { signal };
      const { text } = await send(wire, { method: "PUT", path: "/v1/session/create", body, ...abort });
      const answer = parseJson(text);
      return isFields(answer) ? textOf(answer.ID) : "";
    },
    async renew(session, signal) {
      const path = `/v1/session/renew/${session}`;
      return (await send(wire, { method: "PUT", path, signal }, [200, 404])).status === 200;
    },
    async end(session) {
      await send(wire, { method: "PUT", path: `/v1/session/destroy/${session}` });
    },
    async take(key, Session) {
      const { rows, errors } = await transact(wire, [{ Verb: "lock", Key: key, Value: "", Session }]);
      if (errors.length === 0) return BigInt(entriesOf(rows)[0]?.version ?? 0);
      if (!onlyRaced(errors)) throw malformed(errors.join("; "));
      return async (signal) => {
        await free(key, signal);
        // Free, and yet nobody may have it: a lock delay that somebody asked for is not over.
        await clock.sleep(100 + random.next() * 100, signal);
      };
    },
  });
}

function isHeld(rows: unknown): boolean {
  const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
  return isFields(row) && textOf(row.Session) !== "";
}
