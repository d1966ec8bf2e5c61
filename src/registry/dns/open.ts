import { type Clock, type Random, TuskerError } from "../../kernel/index.ts";
import type { Access } from "../acl/access.ts";
import type { Store } from "../state/store.ts";
import type { Identity } from "../wire/route.ts";
import { answerCache } from "./answer-cache.ts";
import { directory } from "./directory.ts";
import type { DnsServer } from "./dns-server.ts";
import { zone } from "./zone.ts";

/** Where and whether names are served. */
export interface DnsWanted {
  readonly host?: string;
  readonly dnsPort?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: {
    info(message: string): void;
    error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  };
}

/** What they are made of. */
export interface DnsSource {
  readonly store: Store;
  /** What those may see who show no token: a question of DNS has none. */
  readonly access: Access;
  readonly identity: Pick<Identity, "datacenter" | "node" | "address">;
}

/** Serves the catalog as names, if that is wanted. The registry works without: a port that is taken is only told. */
export async function openDns(
  { dnsPort, host = "127.0.0.1", clock, random, log }: DnsWanted,
  { store, access, identity }: DnsSource,
): Promise<DnsServer | undefined> {
  if (dnsPort === undefined) return undefined;
  const names = directory(store, access);
  const { datacenter, node, address } = identity;
  const seconds = (): number => Math.floor(clock.wall() / 1_000);
  const answers = zone({ directory: names, random, seconds, datacenter, node, address });
  const onError = (error: unknown): void => log.error("DNS failed to answer", { reason: String(error) });
  try {
    // A registry without DNS loads no datagram sockets.
    const { serveDns } = await import("./dns-server.ts");
    return await serveDns({
      ...{ host, port: dnsPort, zone: answers, onError },
      settled: () => names.settled(),
      // The serial of the zone is the time in seconds: an answer that is a second old is no longer the same.
      answers: answerCache({ version: () => store.log.last * 64 + (seconds() & 63), random }),
    });
  } catch (error) {
    if (!(error instanceof TuskerError)) throw error;
    log.info(
      `no DNS: ${error.message}; stop what is there, or choose another service_discovery.dns_port (0: none)`,
    );
    return undefined;
  }
}
