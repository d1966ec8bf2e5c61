import type { Random } from "../../kernel/index.ts";

/**
 * The first `most` of a random order in which a heavier one tends to come first, in proportion to its weight: who
 * takes the first address of an answer spreads its load as the weights say. What weighs nothing comes last.
 *
 * Efraimidis and Spirakis (2006): sorting by -ln(u)/weight draws without replacement.
 */
export function weighted<Item extends { readonly weight: number }>(
  items: readonly Item[],
  most: number,
  random: Random,
): Item[] {
  const first = items[0]?.weight;
  if (items.every(({ weight }) => weight === first)) return shuffled(items, most, random);
  const keyed = items.map((item) => {
    const key = item.weight === 0 ? Number.POSITIVE_INFINITY : -Math.log(1 - random.next()) / item.weight;
    return { item, key };
  });
  // Two that weigh nothing have the same key: chance decides before the sort, which keeps their order.
  return shuffled(keyed, keyed.length, random)
    .sort((a, b) => (a.key === b.key ? 0 : a.key - b.key))
    .slice(0, most)
    .map(({ item }) => item);
}

/** Fisher and Yates, as far as is wanted. */
function shuffled<Item>(items: readonly Item[], most: number, random: Random): Item[] {
  const rest = [...items];
  const count = Math.min(most, rest.length);
  for (let i = 0; i < count; i++) {
    const j = i + random.below(rest.length - i);
    const [here, there] = [rest[i], rest[j]];
    if (here === undefined || there === undefined) break;
    rest[i] = there;
    rest[j] = here;
  }
  return rest.slice(0, count);
}
