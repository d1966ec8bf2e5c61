import { isFields, malformed, parseJson, textOf } from "../../json.ts";
import { fromStart, nextIndex } from "../../questions/blocking-index.ts";
import type { Held, LeaseOptions, Mutex } from "../engine.ts";
import { held, lostError } from "../held.ts";
import { keepAlive } from "../keep-alive.ts";
import type { EngineOptions } from "../options.ts";
import { entriesOf, keyPath, onlyRaced, send, transact } from "./consul-wire.ts";

/** Locks are keys below this, each held by a session. */
const folder = "tusker/locks/";

/**
 * Mutual exclusion by sessions. The token is the index of the write that took the key: indexes only grow, also when
 * the key was deleted in between. No lock delay is asked for; the token does what it is meant for.
 */
export function consulMutex(options: EngineOptions): Mutex {
  const { http, clock } = options;
  const wire = { url: options.url, http };

  const openSession = async ({ leaseMs, signal }: LeaseOptions): Promise<string> => {
    const body = JSON.stringify({ TTL: `${leaseMs}ms`, Behavior: "release", LockDelay: "0s" });
    const abort = signal === undefined ? {} : { signal };
    const { text } = await send(wire, { method: "PUT", path: "/v1/session/create", body, ...abort });
    const answer = parseJson(text);
    return isFields(answer) ? textOf(answer.ID) : "";
  };
  const endSession = async (id: string): Promise<void> => {
    await send(wire, { method: "PUT", path: `/v1/session/destroy/${id}` });
  };
  const renewSession = async (id: string, signal: AbortSignal): Promise<boolean> => {
    const path = `/v1/session/renew/${id}`;
    return (await send(wire, { method: "PUT", path, signal }, [200, 404])).status === 200;
  };

  /** The token; undefined: somebody else holds it. */
  const lock = async (key: string, Session: string): Promise<bigint | undefined> => {
    const { rows, errors } = await transact(wire, [{ Verb: "lock", Key: key, Value: "", Session }]);
    if (errors.length === 0) return BigInt(entriesOf(rows)[0]?.version ?? 0);
    if (onlyRaced(errors)) return undefined;
    throw malformed(errors.join("; "));
  };

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

  const take = async (name: string, lease: LeaseOptions, waits: boolean): Promise<Held | undefined> => {
    const key = `${folder}${name}`;
    const session = await openSession(lease);
    const lost = new AbortController();
    const alive = keepAlive({
      clock,
      leaseMs: lease.leaseMs,
      renew: (signal) => renewSession(session, signal),
      onLost: () => lost.abort(lostError(name)),
    });
    const giveUp = async (): Promise<void> => {
      await alive[Symbol.asyncDispose]();
      await endSession(session);
    };
    const ended = AbortSignal.any([lost.signal, ...(lease.signal === undefined ? [] : [lease.signal])]);
    try {
      for (;;) {
        const fencingToken = await lock(key, session);
        if (fencingToken !== undefined) return held(fencingToken, lost.signal, giveUp);
        if (!waits) break;
        await free(key, ended);
        // Free, and yet nobody may have it: a lock delay that somebody asked for is not over.
        await clock.sleep(100 + options.random.next() * 100, ended);
      }
    } catch (error) {
      await giveUp().catch(() => undefined);
      throw lost.signal.aborted ? lostError(name) : error;
    }
    await giveUp();
    return undefined;
  };

  return {
    async acquire(name, lease) {
      const taken = await take(name, lease, true);
      if (taken === undefined) throw lostError(name);
      return taken;
    },
    tryAcquire: (name, lease) => take(name, lease, false),
  };
}

function isHeld(rows: unknown): boolean {
  const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
  return isFields(row) && textOf(row.Session) !== "";
}
