import type { Random } from "../../kernel/index.ts";
import type { Balanced, Balancer } from "./balancer.ts";
import { firstWithRoom } from "./bounded-load.ts";
import { hash32 } from "./hash.ts";

/** Points of an endpoint of weight 1 on the ring: keys then differ by about 1/√160 = 8 % from endpoint to endpoint. */
const pointsPerWeight = 160;
/** Points of all endpoints together. */
const maxPoints = 65_536;

/**
 * Equal keys go to the same endpoint (ketama's ring). An endpoint that leaves gives its keys to many others, one that
 * comes takes a few from each; nothing else moves. A request without a key goes anywhere.
 */
export function ringHash(random: Random): Balancer {
  let ring: Ring | undefined;
  return {
    name: "ring_hash",
    adopt(members) {
      if (ring === undefined || !ring.isOf(members)) ring = new Ring(members);
    },
    pick<M extends Balanced>(live: readonly M[], key?: string): M | undefined {
      if (live.length < 2) return live[0];
      const at = key === undefined ? random.below(2 ** 32) : hash32(key);
      ring ??= new Ring(live);
      const found = firstWithRoom(ring.from(at), live);
      if (found !== undefined) return found;
      // Nobody on the ring is live: it is of another set.
      ring = new Ring(live);
      return firstWithRoom(ring.from(at), live);
    },
  };
}

class Ring {
  readonly #points: readonly { readonly at: number; readonly member: Balanced }[];
  readonly #signature: string;
  readonly #size: number;

  constructor(members: readonly Balanced[]) {
    this.#signature = signatureOf(members);
    this.#size = members.length;
    const weights = members.reduce((sum, { weight }) => sum + weight, 0);
    const perWeight = Math.min(pointsPerWeight, maxPoints / weights);
    this.#points = members
      .flatMap((member) =>
        Array.from({ length: Math.max(1, Math.round(member.weight * perWeight)) }, (_, i) => ({
          at: hash32(`${member.id}#${i}`),
          member,
        })),
      )
      .sort((a, b) => a.at - b.at || (a.member.id < b.member.id ? -1 : 1));
  }

  isOf(members: readonly Balanced[]): boolean {
    return signatureOf(members) === this.#signature;
  }

  /** Endpoints in the order of the ring from a place on, each once. */
  *from(place: number): Generator<Balanced> {
    const points = this.#points;
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((points[middle]?.at ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    const seen = new Set<Balanced>();
    for (let i = 0; i < points.length && seen.size < this.#size; i++) {
      const member = points[(low + i) % points.length]?.member;
      if (member === undefined || seen.has(member)) continue;
      seen.add(member);
      yield member;
    }
  }
}

/** What a table is made of. */
export function signatureOf(members: readonly Balanced[]): string {
  return members.map(({ id, weight }) => `${id} ${weight}`).join("\n");
}
