/** Something that collects what its users produce and sends it at the end of the turn. */
export interface Flushable {
  flush(): void;
}

let waiting: Flushable[] = [];

/**
 * Calls `flush` once everything the current turn of the event loop brought has been worked off: all sockets that were
 * readable, all promises they settled. One immediate serves all connections of the process.
 */
export function flushAfterTurn(one: Flushable): void {
  if (waiting.push(one) === 1) setImmediate(flushAll);
}

function flushAll(): void {
  const due = waiting;
  waiting = [];
  for (const one of due) one.flush();
}
