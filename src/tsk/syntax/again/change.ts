/** Where two texts differ: [start, end) of the one became [start, end + delta) of the other. */
export interface Change {
  readonly start: number;
  readonly end: number;
  readonly delta: number;
}

/** The smallest stretch in which two texts differ. */
export function changeOf(before: string, after: string): Change {
  const shortest = Math.min(before.length, after.length);
  let start = 0;
  while (start < shortest && before.charCodeAt(start) === after.charCodeAt(start)) start++;
  let tail = 0;
  const most = shortest - start;
  const [last, lastAfter] = [before.length - 1, after.length - 1];
  while (tail < most && before.charCodeAt(last - tail) === after.charCodeAt(lastAfter - tail)) tail++;
  return { start, end: before.length - tail, delta: after.length - before.length };
}
