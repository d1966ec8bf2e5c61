import type { Clock, Timer } from "../../kernel/index.ts";
import { type TtlCheck, ttlChecks } from "../checks/ttl-checks.ts";
import type { Change, Session, SessionRow } from "../state/model.ts";
import type { Store } from "../state/store.ts";
import type { Tables } from "../state/tables.ts";
import { parseWireDuration } from "../wire/duration.ts";
import type { LockRules } from "./operations.ts";

/** Ends sessions whose checks fail or whose heartbeat stays away, and guards the keys they held. */
export interface SessionKeeper extends LockRules, Disposable {
  /** Goes on with sessions that were stored: each has its whole time again. */
  resume(): void;
  /** A heartbeat. The session, if there is one. */
  renew(id: string): SessionRow | undefined;
  /** Ends a session; an unknown id is fine. Resolves when that is safe. */
  end(id: string): Promise<void>;
}

export interface KeeperOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** The longest that a key stays free after its holder ended, whatever the session asked for. */
const maxLockDelayMs = 60_000;

/** Follows the store as the checker does: whatever way a session comes or goes, there is no second list. */
export function sessionKeeper({ store, clock, onError }: KeeperOptions): SessionKeeper {
  const { tables } = store;
  const beats = new Map<string, TtlCheck>();
  const ttls = ttlChecks(clock, (id) => void end(id).catch(onError));
  const delays = new Map<string, Timer>();
  let ended = false;

  const start = ({ id, ttl }: Session): void => {
    const ttlMs = parseWireDuration(ttl) ?? 0;
    // The wire's promise: not before the TTL is over. Twice of it forgives a heartbeat that was late.
    if (ttlMs > 0) beats.set(id, ttls.start(id, 2 * ttlMs));
  };
  const stop = (id: string): void => {
    beats.get(id)?.[Symbol.dispose]();
    beats.delete(id);
  };
  const delay = (key: string, ms: number): void => {
    if (ms <= 0) return;
    delays.get(key)?.cancel();
    const over = clock.after(Math.min(ms, maxLockDelayMs), () => delays.delete(key), { background: true });
    delays.set(key, over);
  };
  const end = async (id: string): Promise<void> => {
    const session = tables.sessions.get(id);
    if (session === undefined || ended) return;
    const keys = tables.kv.heldBy(id);
    // In one transaction: nobody ever sees a key held by a session that is gone.
    const written = store.commit([{ kind: "session-gone", id }, ...keys.flatMap(freed(tables, session))]);
    for (const key of keys) delay(key, session.lockDelayMs);
    await written;
  };

  store.follow(({ changes }) => {
    if (ended) return;
    for (const change of changes) {
      if (change.kind === "session") start(change.session);
      if (change.kind === "session-gone") stop(change.id);
      for (const { id } of endedBy(tables, change)) void end(id).catch(onError);
    }
  });

  return {
    delayed: (key) => delays.has(key),
    refuse: (session) => refuseId(session) ?? (tables.sessions.get(session) ? undefined : invalid(session)),
    resume() {
      for (const session of tables.sessions.all()) {
        if (tables.node(session.node) === undefined || failing(tables, session) !== undefined) {
          void end(session.id).catch(onError);
        } else start(session);
      }
    },
    renew(id) {
      beats.get(id)?.beat();
      return tables.sessions.get(id);
    },
    end,
    [Symbol.dispose]() {
      ended = true;
      for (const id of [...beats.keys()]) stop(id);
      for (const timer of delays.values()) timer.cancel();
    },
  };
}

/** Why this cannot be the id of a session; undefined: it can. */
export function refuseId(id: string): string | undefined {
  return id.length === 36 ? undefined : "failed session lookup: index error: UUID must be 36 characters";
}

/** Why a session cannot live with its checks as they are; undefined: it can. */
export function failing(tables: Tables, session: Session): string | undefined {
  for (const id of [...session.nodeChecks, ...session.serviceChecks]) {
    const check = tables.check(session.node, id);
    if (check === undefined) return `Missing check '${id}' registration`;
    if (check.status === "critical") return `Check '${id}' is in critical state`;
  }
  return undefined;
}

/** Sessions that a change ends. */
function endedBy({ sessions }: Tables, change: Change): SessionRow[] {
  if (change.kind === "node-gone") return sessions.on(change.name);
  const gone =
    change.kind === "check-gone" ? change : change.kind === "check" ? critical(change.check) : undefined;
  if (gone === undefined) return [];
  return sessions
    .on(gone.node)
    .filter(({ nodeChecks, serviceChecks }) => [...nodeChecks, ...serviceChecks].includes(gone.id));
}

function critical(check: { node: string; id: string; status: string }): typeof check | undefined {
  return check.status === "critical" ? check : undefined;
}

function freed(tables: Tables, { behavior }: Session): (key: string) => Change[] {
  return (key) => {
    if (behavior === "delete") return [{ kind: "kv-gone", key }];
    const row = tables.kv.get(key);
    if (row === undefined) return [];
    const { value, flags, lockIndex } = row;
    return [{ kind: "kv", entry: { key, value, flags, lockIndex, session: "" } }];
  };
}

function invalid(session: string): string {
  return `invalid session "${session}"`;
}
