import type { DependencyView } from "../src/control/api.ts";

/** Calls per second of each edge over the last seconds, from counts that are looked at now and then. */
export interface Rates {
  note(nowMs: number, edges: readonly DependencyView[]): void;
  /** 0 while only one look was taken. */
  rate(nowMs: number, caller: string, callee: string): number;
}

/** @param windowMs how far back is counted; default 10 s */
export function edgeRates(windowMs: number = 10_000): Rates {
  const looks = new Map<string, { readonly at: number; readonly calls: number }[]>();
  return {
    note(nowMs, edges) {
      for (const { caller, callee, calls } of edges) {
        const key = `${caller} ${callee}`;
        const kept = looks.get(key) ?? [];
        looks.set(key, kept);
        // Old traces leave the store and take their calls along; counting begins anew then.
        if (calls < (kept.at(-1)?.calls ?? 0)) kept.length = 0;
        kept.push({ at: nowMs, calls });
        // One look before the window stays: the window begins between it and the next.
        while (kept.length > 2 && (kept[1]?.at ?? 0) < nowMs - windowMs) kept.shift();
      }
    },
    rate(nowMs, caller, callee) {
      const kept = looks.get(`${caller} ${callee}`) ?? [];
      const from = nowMs - windowMs;
      const base = kept.findLast((look) => look.at <= from) ?? kept[0];
      const last = kept.at(-1);
      if (base === undefined || last === undefined) return 0;
      const seconds = Math.max(nowMs - Math.max(base.at, from), 1_000) / 1_000;
      return (last.calls - base.calls) / seconds;
    },
  };
}
