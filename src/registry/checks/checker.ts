import { isDeepStrictEqual } from "node:util";
import type { Clock, Random, Timer } from "../../kernel/index.ts";
import type { Change, Check, CheckSpec, CheckStatus } from "../state/model.ts";
import type { Store } from "../state/store.ts";
import { type AliasCheck, aliasCheck } from "./alias-check.ts";
import { intervalCheck } from "./interval-check.ts";
import { type LeaseCheck, leaseCheck } from "./lease-check.ts";
import { kept, type ProbeResult, type Probes } from "./probe.ts";
import { type TtlCheck, type TtlChecks, ttlChecks } from "./ttl-checks.ts";

/** Runs the checks of one node. */
export interface Checker extends Disposable {
  /** An instance reported its TTL check. */
  beat(checkId: string): void;
  /** Holds a lease check from now on; undefined when there is none of that id. */
  hold(checkId: string): Disposable | undefined;
  /** Goes on with checks that were stored: instances get time to find the registry again. */
  resume(checks: Iterable<Check>): void;
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

const leaseLost = "The connection that held the lease is gone: its process ended, or cannot be reached";

/** A heartbeat of a second or two must not lose every instance because the registry was away for three. */
const resumeGraceMs = 10_000;

interface Running {
  readonly spec: CheckSpec;
  readonly work: Disposable & Partial<TtlCheck & LeaseCheck & AliasCheck>;
  serviceId: string;
  status: CheckStatus;
  reaper: Timer | undefined;
}

/**
 * Follows the store: a check that appears is started, one that changes its way is restarted, one that goes is
 * stopped, and an instance that stays critical for too long is deregistered. There is no second list to keep in step.
 */
export function checker(options: CheckerOptions): Checker {
  const checks = new RunningChecks(options);
  options.store.follow(({ changes }) => checks.follow(changes));
  return checks;
}

class RunningChecks implements Checker {
  readonly #options: CheckerOptions;
  readonly #running = new Map<string, Running>();
  readonly #ttls: TtlChecks;
  /** Those of `#running` that look at others. */
  readonly #aliases = new Set<AliasCheck>();
  #ended = false;

  constructor(options: CheckerOptions) {
    this.#options = options;
    const { clock, store, node } = options;
    this.#ttls = ttlChecks(clock, (id) => this.#report(id, expired(store, node, id)));
  }

  get running(): number {
    return this.#running.size;
  }

  beat(checkId: string): void {
    this.#running.get(checkId)?.work.beat?.();
  }

  hold(checkId: string): Disposable | undefined {
    return this.#running.get(checkId)?.work.hold?.();
  }

  resume(checks: Iterable<Check>): void {
    for (const check of checks) {
      this.#adopt(check);
      this.#running.get(check.id)?.work.beat?.(resumeGraceMs);
    }
  }

  follow(changes: readonly Change[]): void {
    if (this.#ended) return;
    const { node } = this.#options;
    for (const change of changes) {
      if (change.kind === "check" && change.check.node === node) this.#adopt(change.check);
      if (change.kind === "check-gone" && change.node === node) this.#stop(change.id);
    }
    for (const alias of this.#aliases) alias.follow(changes);
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    for (const id of [...this.#running.keys()]) this.#stop(id);
  }

  #adopt({ id, spec, serviceId, status }: Check): void {
    const entry = this.#running.get(id);
    if (spec === undefined) {
      this.#stop(id);
    } else if (entry === undefined || !isDeepStrictEqual(entry.spec, spec)) {
      this.#stop(id);
      const started = { spec, work: this.#start(id, spec, serviceId), serviceId, status, reaper: undefined };
      this.#running.set(id, started);
      this.#watchCritical(started);
    } else {
      entry.status = status;
      entry.serviceId = serviceId;
      this.#watchCritical(entry);
    }
  }

  #start(id: string, spec: CheckSpec, serviceId: string): Running["work"] {
    const { clock, store, node } = this.#options;
    const report = (result: ProbeResult): void =>
      this.#report(id, { ...result, output: kept(result.output, spec) });
    switch (spec.kind) {
      case "ttl":
        return this.#ttls.start(id, spec.ttlMs);
      case "lease":
        return leaseCheck(clock, () => report({ status: "critical", output: leaseLost }));
      case "alias": {
        const alias = aliasCheck(spec, { tables: store.tables, node, serviceId, report });
        this.#aliases.add(alias);
        return alias;
      }
      default:
        return intervalCheck(spec, {
          ...this.#options,
          report,
          note: (output) => store.tables.setOutput(node, id, kept(output, spec)),
        });
    }
  }

  #stop(id: string): void {
    const entry = this.#running.get(id);
    entry?.reaper?.cancel();
    entry?.work[Symbol.dispose]();
    for (const alias of this.#aliases) if (alias === entry?.work) this.#aliases.delete(alias);
    this.#running.delete(id);
  }

  #watchCritical(entry: Running): void {
    const { clock, node } = this.#options;
    const afterMs = entry.spec.deregisterAfterMs;
    if (entry.status !== "critical" || entry.serviceId === "" || afterMs === 0) {
      entry.reaper?.cancel();
      entry.reaper = undefined;
      return;
    }
    const forget = (): void => this.#commit({ kind: "service-gone", node, id: entry.serviceId });
    // One that is critical already keeps the time it has.
    entry.reaper ??= clock.after(afterMs, forget, { background: true });
  }

  #report(id: string, result: ProbeResult): void {
    const check = this.#options.store.tables.check(this.#options.node, id);
    if (check !== undefined) this.#commit({ kind: "check", check: { ...check, ...result } });
  }

  #commit(change: Change): void {
    if (!this.#ended) this.#options.store.commit([change]).catch(this.#options.onError);
  }
}

function expired(store: Store, node: string, id: string): ProbeResult {
  const last = store.tables.check(node, id)?.output ?? "";
  const output = last === "" ? "TTL expired" : `TTL expired (last output before timeout follows): ${last}`;
  return { status: "critical", output };
}
