import { once } from "node:events";
import type { Server as NodeServer } from "node:net";
import type { Server } from "./exchange.ts";
import { listenError } from "./sockets.ts";

/** What differs between the engines once they listen. */
export interface Listening {
  readonly node: NodeServer;
  readonly host: string;
  readonly connections: () => number;
  readonly drain: (graceMs: number, streamsMs: number) => Promise<void>;
}

/**
 * Opens the port. Later failures, for example no file left for a new connection, go to `onError` and harm nobody else.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 */
export async function listen(
  node: NodeServer,
  port: number,
  host: string,
  onError: (error: unknown) => void = () => {},
  reusePort = false,
): Promise<void> {
  const failed = Promise.withResolvers<never>();
  const onFirst = (error: unknown): void => failed.reject(listenError(error, host, port));
  node.once("error", onFirst);
  node.listen({ port, host, reusePort });
  await Promise.race([once(node, "listening"), failed.promise]);
  node.off("error", onFirst);
  node.on("error", onError);
}

/** The server as everybody sees it, whatever the engine. */
export function serverOf({ node, host, connections, drain }: Listening): Server {
  const address = node.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  let ending: Promise<void> | undefined;
  const server: Server = {
    host,
    port,
    get connections() {
      return connections();
    },
    drain: (graceMs, streamsMs = graceMs) => (ending ??= drain(graceMs, streamsMs)),
    [Symbol.asyncDispose]: () => server.drain(0),
  };
  return server;
}
