import type { Service } from "./model.ts";

/** Which services exist, with all tags of their instances: kept by counting, so that an update costs its tags only. */
export class Listing {
  readonly #services = new Map<string, { instances: number; readonly tags: Map<string, number> }>();

  /** True when the listing looks different afterwards. */
  add({ name, tags }: Service): boolean {
    const entry = this.#services.get(name) ?? { instances: 0, tags: new Map<string, number>() };
    this.#services.set(name, entry);
    let changed = ++entry.instances === 1;
    for (const tag of tags) {
      const count = (entry.tags.get(tag) ?? 0) + 1;
      entry.tags.set(tag, count);
      if (count === 1) changed = true;
    }
    return changed;
  }

  /** Mirror of `add`. */
  remove({ name, tags }: Service): boolean {
    const entry = this.#services.get(name);
    if (entry === undefined) return false;
    let changed = --entry.instances === 0;
    for (const tag of tags) {
      const count = (entry.tags.get(tag) ?? 0) - 1;
      if (count > 0) entry.tags.set(tag, count);
      else {
        entry.tags.delete(tag);
        changed = true;
      }
    }
    if (entry.instances === 0) this.#services.delete(name);
    return changed;
  }

  /** Names in order, each with its tags in order. */
  all(): [name: string, tags: string[]][] {
    return [...this.#services]
      .map(([name, { tags }]): [string, string[]] => [name, [...tags.keys()].sort()])
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
