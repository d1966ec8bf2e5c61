import type { KvVersion } from "./model.ts";

/** How much is kept. */
export interface KvHistoryLimits {
  readonly versionsOfKey: number;
  /** Characters of the values of one key. */
  readonly charsOfKey: number;
  readonly versions: number;
  readonly chars: number;
}

const usual: KvHistoryLimits = {
  versionsOfKey: 100,
  charsOfKey: 2_000_000,
  versions: 50_000,
  chars: 32_000_000,
};

/** The values keys had before the one they have. Bounded: the oldest go. */
export class KvHistory {
  readonly #limits: KvHistoryLimits;
  /** By key, oldest first. */
  readonly #of = new Map<string, KvVersion[]>();
  #versions = 0;
  #chars = 0;

  constructor(limits: KvHistoryLimits = usual) {
    this.#limits = limits;
  }

  /** Oldest first. */
  of(key: string): readonly KvVersion[] {
    return this.#of.get(key) ?? [];
  }

  /** Keys that begin so and had a value before, in order. */
  keysUnder(prefix: string): string[] {
    return [...this.#of.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  /** Takes a version; gives what has to go for it. One that is known already changes nothing. */
  add(version: KvVersion): KvVersion[] {
    if (!this.#insert(version)) return [];
    return [...this.#dropAll(this.#excessOf(version.key)), ...this.#dropAll(this.#excess())];
  }

  /** False when it is not there. */
  drop(key: string, index: number): boolean {
    const own = this.#of.get(key) ?? [];
    const at = own.findIndex((version) => version.index === index);
    const [gone] = at === -1 ? [] : own.splice(at, 1);
    if (gone === undefined) return false;
    this.#versions--;
    this.#chars -= weightOf(gone);
    if (own.length === 0) this.#of.delete(key);
    return true;
  }

  #dropAll(versions: readonly KvVersion[]): KvVersion[] {
    return versions.filter(({ key, index }) => this.drop(key, index));
  }

  #insert(version: KvVersion): boolean {
    const own = this.#of.get(version.key) ?? [];
    // What is read back comes in any order; what is new is the newest.
    let at = own.length;
    while (at > 0 && (own[at - 1]?.index ?? 0) >= version.index) at--;
    if (own[at]?.index === version.index) return false;
    own.splice(at, 0, version);
    this.#of.set(version.key, own);
    this.#versions++;
    this.#chars += weightOf(version);
    return true;
  }

  #excessOf(key: string): KvVersion[] {
    const own = this.#of.get(key) ?? [];
    let chars = own.reduce((sum, version) => sum + weightOf(version), 0);
    const { versionsOfKey, charsOfKey } = this.#limits;
    let count = 0;
    while (own.length - count > versionsOfKey || (own.length - count > 1 && chars > charsOfKey))
      chars -= weightOf(own[count++]);
    return own.slice(0, count);
  }

  /** A tenth at least: finding the oldest of all is not for every write. */
  #excess(): KvVersion[] {
    const { versions, chars } = this.#limits;
    if (this.#versions <= versions && this.#chars <= chars) return [];
    const all = [...this.#of.values()].flat().sort((a, b) => a.index - b.index);
    let left = this.#chars;
    let count = 0;
    while (all.length - count > versions * 0.9 || left > chars * 0.9) left -= weightOf(all[count++]);
    return all.slice(0, count);
  }
}

function weightOf(version: KvVersion | undefined): number {
  return version?.value?.length ?? 0;
}
