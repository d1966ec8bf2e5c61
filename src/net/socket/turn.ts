/** Something that collects what its users produce and sends it at the end of the turn. */
export interface Flushable {
  flush(): void;
}

/**
 * So many wait for the end of a turn at most: where each request takes long to work out, the first answer is not held up
 * by all that follow.
 */
const most = 32;

let waiting: Flushable[] = [];
let scheduled = false;

/**
 * Calls `flush` once everything the current turn of the event loop brought has been worked off: all sockets that were
 * readable, all promises they settled. One immediate serves all connections of the thread.
 *
 * Whoever reads at the other end sleeps when it has nothing left, and to wake it is the dearest part of a write. Several writes
 * in a row wake it once.
 */
export function flushAfterTurn(one: Flushable): void {
  if (!scheduled) {
    scheduled = true;
    setImmediate(endTurn);
  }
  if (waiting.push(one) >= most) flushAll();
}

function endTurn(): void {
  scheduled = false;
  flushAll();
}

function flushAll(): void {
  const due = waiting;
  waiting = [];
  for (const one of due) one.flush();
}
