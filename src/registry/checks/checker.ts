import { isDeepStrictEqual } from "node:util";
import type { Clock, Random, Timer } from "../../kernel/index.ts";
import type { Change, Check, CheckSpec, CheckStatus } from "../state/model.ts";
import type { Store } from "../state/store.ts";
import { intervalCheck } from "./interval-check.ts";
import type { ProbeResult, Probes } from "./probe.ts";
import { type TtlCheck, ttlCheck } from "./ttl-check.ts";

/** Runs the checks of one node. */
export interface Checker extends Disposable {
  /** An instance reported its TTL check. */
  beat(checkId: string): void;
  /** How many checks run. */
  readonly running: number;
}

export interface CheckerOptions {
  readonly store: Store;
  /** Checks of this node are run here; those of others are reported by whoever registered them. */
  readonly node: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly probes: Probes;
  /** Hears of a result that could not be written down. */
  readonly onError: (error: unknown) => void;
}

interface Running {
  readonly spec: CheckSpec;
  readonly work: Disposable & Partial<TtlCheck>;
  serviceId: string;
  status: CheckStatus;
  reaper: Timer | undefined;
}

/**
 * Follows the store: a check that appears is started, one that changes its way is restarted, one that goes is
 * stopped, and an instance that stays critical for too long is deregistered. There is no second list to keep in step.
 */
export function checker(options: CheckerOptions): Checker {
  const { store, node, clock } = options;
  const running = new Map<string, Running>();
  let ended = false;

  const commit = (changes: readonly Change[]): void => {
    if (!ended) store.commit(changes).catch(options.onError);
  };
  const report = (id: string, result: ProbeResult): void => {
    const check = store.tables.check(node, id);
    if (check !== undefined) commit([{ kind: "check", check: { ...check, ...result } }]);
  };
  const start = (id: string, spec: CheckSpec): Running["work"] => {
    if (spec.kind === "ttl") return ttlCheck(spec.ttlMs, clock, () => report(id, expired(store, node, id)));
    return intervalCheck(spec, {
      ...options,
      report: (result) => report(id, result),
      note: (output) => store.tables.setOutput(node, id, output),
    });
  };
  const stop = (id: string): void => {
    const entry = running.get(id);
    entry?.reaper?.cancel();
    entry?.work[Symbol.dispose]();
    running.delete(id);
  };
  const watchCritical = (entry: Running): void => {
    const afterMs = entry.spec.deregisterAfterMs;
    if (entry.status !== "critical" || entry.serviceId === "" || afterMs === 0) {
      entry.reaper?.cancel();
      entry.reaper = undefined;
      return;
    }
    // One that is critical already keeps the time it has.
    entry.reaper ??= clock.after(
      afterMs,
      () => commit([{ kind: "service-gone", node, id: entry.serviceId }]),
      { background: true },
    );
  };
  const adopt = (check: Check): void => {
    const { spec } = check;
    let entry = running.get(check.id);
    if (spec === undefined) {
      stop(check.id);
      return;
    }
    if (entry === undefined || !isDeepStrictEqual(entry.spec, spec)) {
      stop(check.id);
      entry = {
        spec,
        work: start(check.id, spec),
        serviceId: check.serviceId,
        status: check.status,
        reaper: undefined,
      };
      running.set(check.id, entry);
    }
    entry.status = check.status;
    entry.serviceId = check.serviceId;
    watchCritical(entry);
  };

  store.follow(({ changes }) => {
    if (ended) return;
    for (const change of changes) {
      if (change.kind === "check" && change.check.node === node) adopt(change.check);
      if (change.kind === "check-gone" && change.node === node) stop(change.id);
    }
  });
  return {
    beat: (checkId) => running.get(checkId)?.work.beat?.(),
    get running() {
      return running.size;
    },
    [Symbol.dispose]() {
      ended = true;
      for (const id of [...running.keys()]) stop(id);
    },
  };
}

function expired(store: Store, node: string, id: string): ProbeResult {
  const last = store.tables.check(node, id)?.output ?? "";
  const output = last === "" ? "TTL expired" : `TTL expired (last output before timeout follows): ${last}`;
  return { status: "critical", output };
}
