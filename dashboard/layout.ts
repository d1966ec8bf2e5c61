export interface Edge {
  readonly from: string;
  readonly to: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where everything stands: centres of nodes, and the points each edge goes through, from side to side. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, Point>;
  readonly edges: readonly (Edge & { readonly points: readonly Point[] })[];
}

export interface Sizes {
  readonly width: number;
  readonly height: number;
  /** Between layers: room for edges and their labels. */
  readonly gapX: number;
  readonly gapY: number;
}

/**
 * A layered drawing from left to right (Sugiyama): callers stand left of what they call, edges that pass a layer get a
 * place of their own in it, and neighbours stand close. The same input gives the same picture.
 */
export function layoutOf(names: readonly string[], edges: readonly Edge[], sizes: Sizes): Layout {
  const known = edges.filter(({ from, to }) => from !== to && names.includes(from) && names.includes(to));
  const depth = depths(names, known);
  const places = new Map<string, Place>();
  const add = (key: string, layer: number, height: number): Place => {
    const place: Place = { layer, height, y: 0, before: [], after: [] };
    places.set(key, place);
    return place;
  };
  for (const name of names) add(name, depth.get(name) ?? 0, sizes.height);
  const chains = known.map((edge) => ({ ...edge, chain: chainOf(edge, places, add) }));
  const layers = layersOf(places.values());
  for (let round = 0; round < 4; round++) for (const layer of layers) order(layer, "before");
  for (const layer of layers.toReversed()) order(layer, "after");
  for (const layer of layers) order(layer, "before");
  const height = align(layers, sizes.gapY);
  const x = (place: Place): number => sizes.width / 2 + place.layer * (sizes.width + sizes.gapX);
  const half = sizes.width / 2;
  return {
    width: layers.length * (sizes.width + sizes.gapX) - sizes.gapX,
    height,
    nodes: new Map(names.flatMap((name) => pointOf(name, places, x))),
    edges: chains.map(({ from, to, chain }) => ({ from, to, points: through(chain, x, half) })),
  };
}

/** A node, or an edge on its way through a layer. */
interface Place {
  readonly layer: number;
  readonly height: number;
  y: number;
  readonly before: Place[];
  readonly after: Place[];
}

/** Longest way from a beginning. An edge that closes a circle does not count. */
function depths(names: readonly string[], edges: readonly Edge[]): ReadonlyMap<string, number> {
  const depth = new Map<string, number>();
  const open = new Set<string>();
  const visit = (name: string): number => {
    const found = depth.get(name);
    if (found !== undefined) return found;
    open.add(name);
    const callers = edges.filter(({ from, to }) => to === name && !open.has(from));
    const own = callers.reduce((most, { from }) => Math.max(most, visit(from) + 1), 0);
    open.delete(name);
    depth.set(name, own);
    return own;
  };
  for (const name of names) visit(name);
  return depth;
}

function chainOf(
  { from, to }: Edge,
  places: ReadonlyMap<string, Place>,
  add: (key: string, layer: number, height: number) => Place,
): readonly Place[] {
  const [start, end] = [places.get(from), places.get(to)];
  if (start === undefined || end === undefined) return [];
  const step = end.layer < start.layer ? -1 : 1;
  const chain = [start];
  for (let layer = start.layer + step; layer !== end.layer && start.layer !== end.layer; layer += step)
    chain.push(add(`${from}\n${to}\n${layer}`, layer, 0));
  chain.push(end);
  for (const [at, place] of chain.entries()) {
    const next = chain[at + 1];
    if (next === undefined || next.layer === place.layer) continue;
    const [left, right] = step === 1 ? [place, next] : [next, place];
    left.after.push(right);
    right.before.push(left);
  }
  return chain;
}

function layersOf(places: Iterable<Place>): Place[][] {
  const layers: Place[][] = [];
  for (const place of places) {
    layers[place.layer] ??= [];
    layers[place.layer]?.push(place);
  }
  for (const layer of layers) for (const [at, place] of layer.entries()) place.y = at;
  return layers;
}

/** Sorts a layer by where its neighbours stand; `y` is the rank while ordering. */
function order(layer: Place[], side: "before" | "after"): void {
  const wish = new Map(layer.map((place) => [place, mean(place[side]) ?? place.y]));
  layer.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
  for (const [at, place] of layer.entries()) place.y = at;
}

/** Gives every place its height in the picture: as close to its neighbours as its layer allows. */
function align(layers: readonly Place[][], gap: number): number {
  for (const layer of layers)
    spread(
      layer,
      gap,
      layer.map((place) => place.y * 60),
    );
  for (let round = 0; round < 8; round++) {
    for (const layer of round % 2 === 0 ? layers : layers.toReversed())
      spread(
        layer,
        gap,
        layer.map((place) => mean([...place.before, ...place.after]) ?? place.y),
      );
  }
  const all = layers.flat();
  const top = Math.min(...all.map((place) => place.y - place.height / 2));
  for (const place of all) place.y -= top;
  return Math.max(0, ...all.map((place) => place.y + place.height / 2));
}

/** Puts places at the heights they wish for, pushed apart where they would touch, without moving the whole. */
function spread(layer: readonly Place[], gap: number, wishes: readonly number[]): void {
  let floor = Number.NEGATIVE_INFINITY;
  let moved = 0;
  for (const [at, place] of layer.entries()) {
    const wish = wishes[at] ?? 0;
    place.y = Math.max(wish, floor + place.height / 2);
    moved += place.y - wish;
    floor = place.y + place.height / 2 + gap;
  }
  for (const place of layer) place.y -= moved / layer.length;
}

function mean(places: readonly Place[]): number | undefined {
  if (places.length === 0) return undefined;
  return places.reduce((sum, place) => sum + place.y, 0) / places.length;
}

function pointOf(
  name: string,
  places: ReadonlyMap<string, Place>,
  x: (place: Place) => number,
): [string, Point][] {
  const place = places.get(name);
  return place === undefined ? [] : [[name, { x: x(place), y: place.y }]];
}

/** From the side of the first node to the side of the last; within a layer both on the right. */
function through(chain: readonly Place[], x: (place: Place) => number, half: number): readonly Point[] {
  const [first, last] = [chain[0], chain.at(-1)];
  if (first === undefined || last === undefined) return [];
  const out = last.layer < first.layer ? -half : half;
  const into = last.layer > first.layer ? -half : half;
  return chain.map((place) => ({
    x: x(place) + (place === first ? out : place === last ? into : 0),
    y: place.y,
  }));
}

/** A smooth line through points, leaving and arriving level. */
export function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let at = first;
  let path = `M${round(first.x)} ${round(first.y)}`;
  for (const to of rest) {
    const bend = Math.abs(to.x - at.x) < 1 ? 60 : (to.x - at.x) / 2;
    const arrive = Math.abs(to.x - at.x) < 1 ? -60 : bend;
    path += `C${round(at.x + bend)} ${round(at.y)} ${round(to.x - arrive)} ${round(to.y)} ${round(to.x)} ${round(to.y)}`;
    at = to;
  }
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
