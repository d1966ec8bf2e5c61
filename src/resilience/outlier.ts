import { type Cells, type CellsSize, ownCells } from "./cells.ts";

/** When an endpoint that answers, but worse than its fellows, is left out. */
export interface OutlierSettings {
  /** Default 10,000. */
  readonly sweepMs?: number;
  /** Ejected below mean − factor × deviation of the fellows' success rates; default 1.9. */
  readonly deviations?: number;
  /** Outcomes an endpoint must have had since the last sweep to be judged; default 100. */
  readonly minRequests?: number;
  /** Endpoints that must have that many before any is judged; default 5. */
  readonly minEndpoints?: number;
  /** Times the number of ejections so far; default 30,000. */
  readonly ejectMs?: number;
  /** Default 300,000. */
  readonly maxEjectMs?: number;
  /** Most endpoints out at once, as a share; one always stays. Default 0.5. */
  readonly maxEjected?: number;
}

/** What is remembered of one endpoint between sweeps. State. */
export interface OutlierRecord {
  good: number;
  bad: number;
  /** How often it was ejected; one less for each sweep it spent in. */
  ejections: number;
  /** Monotonic; undefined while it is in. */
  outUntilMs: number | undefined;
}

export function outlierRecord(): OutlierRecord {
  return { good: 0, bad: 0, ejections: 0, outUntilMs: undefined };
}

/** The record of one endpoint where it is kept. */
export interface KeptRecord {
  /** Counts an outcome. */
  count(good: boolean): void;
  /** True while it is out. */
  readonly out: boolean;
  /** The record as it is, and as it shall be; under the lock of its cells. */
  read(): OutlierRecord;
  write(record: OutlierRecord): void;
}

const word = { good: 0, bad: 1, ejections: 2, out: 3 } as const;
export const outlierCells: CellsSize = { words: 4, numbers: 1 };

/** @param cells all 0 at the beginning; default: memory of its own */
export function keptRecord({ words, numbers, lock }: Cells = ownCells(outlierCells)): KeptRecord {
  return {
    count(good) {
      const at = good ? word.good : word.bad;
      lock.enter();
      words[at] = (words[at] ?? 0) + 1;
      lock.leave();
    },
    get out() {
      return words[word.out] === 1;
    },
    read() {
      return {
        good: words[word.good] ?? 0,
        bad: words[word.bad] ?? 0,
        ejections: words[word.ejections] ?? 0,
        outUntilMs: words[word.out] === 1 ? numbers[0] : undefined,
      };
    },
    write({ good, bad, ejections, outUntilMs }) {
      words[word.good] = good;
      words[word.bad] = bad;
      words[word.ejections] = ejections;
      words[word.out] = outUntilMs === undefined ? 0 : 1;
      numbers[0] = outUntilMs ?? 0;
    },
  };
}

/**
 * Judges endpoints by the share of good answers since the last sweep, against one another (Envoy's success-rate
 * ejection): it finds the one that fails every tenth request, which no breaker would open for. Counts begin anew.
 *
 * @returns true when who is in changed
 */
export function sweepOutliers(
  records: readonly OutlierRecord[],
  settings: OutlierSettings,
  now: number,
): boolean {
  const back = records.filter((record) => readmit(record, now));
  let changed = back.length > 0;
  const judged = records.filter(
    ({ good, bad, outUntilMs }) => outUntilMs === undefined && good + bad >= (settings.minRequests ?? 100),
  );
  if (judged.length >= (settings.minEndpoints ?? 5)) {
    const most = Math.min(records.length - 1, Math.floor(records.length * (settings.maxEjected ?? 0.5)));
    let out = records.filter(({ outUntilMs }) => outUntilMs !== undefined).length;
    const floor = floorOf(judged, settings.deviations ?? 1.9);
    const worstFirst = judged
      .filter((record) => rateOf(record) < floor)
      .sort((a, b) => rateOf(a) - rateOf(b));
    for (const record of worstFirst) {
      if (out >= most) break;
      eject(record, settings, now);
      out++;
      changed = true;
    }
  }
  for (const record of records) {
    if (record.outUntilMs === undefined && !back.includes(record))
      record.ejections = Math.max(0, record.ejections - 1);
    record.good = 0;
    record.bad = 0;
  }
  return changed;
}

function readmit(record: OutlierRecord, now: number): boolean {
  if (record.outUntilMs === undefined || now < record.outUntilMs) return false;
  record.outUntilMs = undefined;
  return true;
}

function eject(record: OutlierRecord, settings: OutlierSettings, now: number): void {
  record.ejections++;
  const ms = Math.min(settings.maxEjectMs ?? 300_000, (settings.ejectMs ?? 30_000) * record.ejections);
  record.outUntilMs = now + ms;
}

function floorOf(judged: readonly OutlierRecord[], deviations: number): number {
  const rates = judged.map(rateOf);
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
  return mean - deviations * Math.sqrt(variance);
}

function rateOf({ good, bad }: OutlierRecord): number {
  return good / (good + bad);
}
