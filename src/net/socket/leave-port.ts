import type { Server as NetServer, Socket } from "node:net";
import type { Clock } from "../../kernel/index.ts";

/** A port and who came through it. */
export interface PortOfServer {
  readonly node: NetServer;
  /** Every open connection, also those whose handshake is not over. */
  readonly sockets: ReadonlySet<Socket>;
  readonly clock: Clock;
}

/**
 * Closes the port of a server that drains, and resolves when every connection is gone. Not at once: a system closes a
 * port by resetting what it has taken and nobody accepted yet, and a request may be in that. As long as anybody is there
 * who may not have heard, but for `restMs` at most, those who come are let in. 0 closes now.
 */
export async function leavePort({ node, sockets, clock }: PortOfServer, restMs: number): Promise<void> {
  if (restMs > 0) {
    await heard(sockets, clock, restMs);
    await emptied(node, clock);
  }
  const closed = new Promise((resolve) => node.close(resolve));
  // The port counts a connection as gone a moment before the connection itself is told.
  await Promise.all([closed, ...gone(sockets)]);
}

/** Resolves when those who are there now have gone, and after `restMs` in any case. */
async function heard(sockets: ReadonlySet<Socket>, clock: Clock, restMs: number): Promise<void> {
  const rest = Promise.withResolvers<void>();
  const timer = clock.after(restMs, rest.resolve);
  await Promise.race([rest.promise, Promise.all(gone(sockets))]);
  timer.cancel();
}

/** Turns after which the port is closed though somebody still came in each of them. */
const maxTurns = 1_000;
/** Who comes between a look at the door and its closing is lost: it is closed behind a turn no longer than this. */
const shortMs = 0.1;

/**
 * Lets in who waits at the door: one comes in per turn, and a turn in which nobody came says that nobody was left. A
 * system has no way to close a port to new clients alone; what is left of the gap are some microseconds.
 */
async function emptied(node: NetServer, clock: Clock): Promise<void> {
  let came = false;
  const onConnection = (): void => {
    came = true;
  };
  node.on("connection", onConnection);
  await endOfTurn();
  for (let turn = 0; turn < maxTurns; turn++) {
    came = false;
    const sinceMs = clock.now();
    await endOfTurn();
    if (!came && clock.now() - sinceMs < shortMs) break;
  }
  node.off("connection", onConnection);
}

/** Behind the poll for events. */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function gone(sockets: ReadonlySet<Socket>): Promise<unknown>[] {
  return Array.from(sockets, (socket) => new Promise((resolve) => socket.once("close", resolve)));
}
