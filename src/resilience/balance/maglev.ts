import type { Random } from "../../kernel/index.ts";
import type { Balanced, Balancer } from "./balancer.ts";
import { firstWithRoom } from "./bounded-load.ts";
import { hash32 } from "./hash.ts";
import { signatureOf } from "./ring-hash.ts";

/** Prime, as the permutations ask for; a hundred times more than any service here has endpoints. */
const tableSize = 65_537;

/**
 * Equal keys go to the same endpoint by one look into a table (Maglev, NSDI 2016 §3.4): shares are even to a
 * hundredth, and a change of the set moves little more than it must.
 */
export function maglev(random: Random): Balancer {
  let table: MaglevTable | undefined;
  return {
    name: "maglev",
    adopt(members) {
      if (table === undefined || !table.isOf(members)) table = new MaglevTable(members);
    },
    pick<M extends Balanced>(live: readonly M[], key?: string): M | undefined {
      if (live.length < 2) return live[0];
      const at = key === undefined ? random.below(2 ** 32) : hash32(key);
      table ??= new MaglevTable(live);
      const found = firstWithRoom(table.from(at), live);
      if (found !== undefined) return found;
      // Nobody in the table is live: it is of another set.
      table = new MaglevTable(live);
      return firstWithRoom(table.from(at), live);
    },
  };
}

class MaglevTable {
  readonly #members: readonly Balanced[];
  readonly #signature: string;
  /** Filled by the first look: a set may change several times before anybody asks. */
  #entries: Uint16Array | undefined;

  constructor(members: readonly Balanced[]) {
    this.#members = [...members];
    this.#signature = signatureOf(members);
  }

  isOf(members: readonly Balanced[]): boolean {
    return signatureOf(members) === this.#signature;
  }

  /** The endpoint of a place, then those of places drawn from it, each once. */
  *from(place: number): Generator<Balanced> {
    this.#entries ??= filled(this.#members);
    const seen = new Set<Balanced>();
    for (let i = 0; seen.size < this.#members.length && i < 64; i++) {
      const at = (place + Math.imul(i, 0x9e3779b1)) >>> 0;
      const member = this.#members[this.#entries[at % tableSize] ?? 0];
      if (member === undefined || seen.has(member)) continue;
      seen.add(member);
      yield member;
    }
    for (const member of this.#members) if (!seen.has(member)) yield member;
  }
}

/** Endpoints take turns to claim the next free place of their own permutation, as often as their weight says. */
function filled(members: readonly Balanced[]): Uint16Array {
  const entries = new Uint16Array(tableSize);
  const taken = new Uint8Array(tableSize);
  const heaviest = Math.max(...members.map(({ weight }) => weight));
  const turns = members.map(({ id, weight }) => ({
    at: hash32(id, 1) % tableSize,
    skip: (hash32(id, 2) % (tableSize - 1)) + 1,
    share: weight / heaviest,
    credit: 0,
  }));
  for (let left = tableSize; left > 0; ) {
    for (const [i, turn] of turns.entries()) {
      turn.credit += turn.share;
      if (turn.credit < 1) continue;
      turn.credit -= 1;
      while (taken[turn.at] === 1) turn.at = (turn.at + turn.skip) % tableSize;
      taken[turn.at] = 1;
      entries[turn.at] = i;
      if (--left === 0) break;
    }
  }
  return entries;
}
