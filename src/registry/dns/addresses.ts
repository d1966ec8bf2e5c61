import { isIP } from "node:net";

/** Octets of an address, 4 or 16; undefined for a name. */
export function octetsOf(address: string): Uint8Array | undefined {
  const family = isIP(address);
  if (family === 4) return Uint8Array.from(address.split("."), Number);
  return family === 6 ? octetsOf6(address) : undefined;
}

function octetsOf6(address: string): Uint8Array | undefined {
  // A zone (fe80::1%eth0) means something on one machine only.
  if (address.includes("%")) return undefined;
  // The URL parser writes the one form of RFC 5952, without an IPv4 tail.
  const written = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = written.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const [first, last] = [groups(head), groups(tail ?? "")];
  const gap = tail === undefined ? [] : new Array<string>(8 - first.length - last.length).fill("0");
  const octets = new Uint8Array(16);
  [...first, ...gap, ...last].forEach((group, i) => {
    const value = Number.parseInt(group, 16);
    octets[i * 2] = value >> 8;
    octets[i * 2 + 1] = value & 0xff;
  });
  return octets;
}

/** Octets as a label: 8 or 32 hexadecimal digits. */
export function toHex(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("hex");
}

/** Mirror of `toHex`; undefined for anything else. */
export function fromHex(label: string): Uint8Array | undefined {
  return /^(?:[0-9a-f]{8}|[0-9a-f]{32})$/i.test(label)
    ? new Uint8Array(Buffer.from(label, "hex"))
    : undefined;
}

/** The address, in hexadecimal digits, that a name below in-addr.arpa or ip6.arpa asks about (RFC 1035 §3.5, 3596 §2.5). */
export function reversedOf(labels: readonly string[]): string | undefined {
  const zone = labels.slice(-2).join(".").toLowerCase();
  const digits = labels.slice(0, -2).reverse();
  if (zone === "in-addr.arpa" && digits.length === 4) {
    const octets = octetsOf(digits.join("."));
    return octets === undefined ? undefined : toHex(octets);
  }
  if (zone !== "ip6.arpa" || digits.length !== 32) return undefined;
  const hex = digits.join("").toLowerCase();
  return /^[0-9a-f]{32}$/.test(hex) ? hex : undefined;
}

/** True for names that ask which name an address has. */
export function isReverse(labels: readonly string[]): boolean {
  const zone = labels.slice(-2).join(".").toLowerCase();
  return zone === "in-addr.arpa" || zone === "ip6.arpa";
}
