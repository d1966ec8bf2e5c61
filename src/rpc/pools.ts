/** Pools by origin. A pool whose origin is gone closes when its last request is through. */
export interface Pools<P extends AsyncDisposable> extends AsyncDisposable {
  /** Dispose what is returned when the request is through. */
  take(origin: string): { readonly pool: P } & Disposable;
  /** Origins that are still wanted; all others close. */
  keep(origins: ReadonlySet<string>): void;
}

interface Entry<P> {
  readonly pool: P;
  active: number;
  retired: boolean;
}

/** @param dial makes the pool of an origin */
export function pools<P extends AsyncDisposable>(dial: (origin: string) => P): Pools<P> {
  const entries = new Map<string, Entry<P>>();
  const close = (entry: Entry<P>): void => {
    void entry.pool[Symbol.asyncDispose]();
  };
  return {
    take(origin) {
      const entry = entries.get(origin) ?? { pool: dial(origin), active: 0, retired: false };
      entries.set(origin, entry);
      entry.active++;
      let taken = true;
      return {
        pool: entry.pool,
        [Symbol.dispose]() {
          if (!taken) return;
          taken = false;
          entry.active--;
          if (entry.retired && entry.active === 0) close(entry);
        },
      };
    },
    keep(origins) {
      for (const [origin, entry] of entries) {
        if (origins.has(origin)) continue;
        entries.delete(origin);
        entry.retired = true;
        if (entry.active === 0) close(entry);
      }
    },
    async [Symbol.asyncDispose]() {
      const all = [...entries.values()];
      entries.clear();
      await Promise.all(all.map(({ pool }) => pool[Symbol.asyncDispose]()));
    },
  };
}
