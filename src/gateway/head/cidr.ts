import { BlockList, isIP } from "node:net";

/** A set of addresses and networks. */
export interface AddressSet {
  has(address: string): boolean;
}

/** True for `10.0.0.1`, `10.0.0.0/8`, `::1`, `fd00::/8`. */
export function isCidr(text: string): boolean {
  return parse(text) !== undefined;
}

/** @param networks as accepted by `isCidr`; others are left out */
export function addressSet(networks: readonly string[]): AddressSet {
  const list = new BlockList();
  for (const text of networks) {
    const parsed = parse(text);
    if (parsed !== undefined) list.addSubnet(parsed.address, parsed.bits, parsed.family);
  }
  if (networks.length === 0) return { has: () => false };
  return {
    has(address) {
      const version = isIP(address);
      return version !== 0 && list.check(address, version === 4 ? "ipv4" : "ipv6");
    },
  };
}

function parse(text: string): { address: string; bits: number; family: "ipv4" | "ipv6" } | undefined {
  const match = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text);
  const address = match?.[1] ?? "";
  const version = isIP(address);
  if (version === 0) return undefined;
  const most = version === 4 ? 32 : 128;
  const bits = match?.[2] === undefined ? most : Number(match[2]);
  return bits > most ? undefined : { address, bits, family: version === 4 ? "ipv4" : "ipv6" };
}
