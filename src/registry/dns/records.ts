/** Numbers of the types we speak of (RFC 1035 §3.2.2, 3596, 2782, 6891). */
export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  ANY: 255,
} as const;

/** Outcomes (RFC 1035 §4.1.1, 6891 §9). */
export const rcodes = {
  noError: 0,
  malformed: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
} as const;

/** One record. `name` empty: the name that was asked for. Names are dotted, without the root. */
export type DnsRecord = { readonly name: string } & (
  | { readonly type: "A" | "AAAA"; readonly address: Uint8Array }
  | { readonly type: "NS" | "CNAME" | "PTR"; readonly target: string }
  | { readonly type: "TXT"; readonly text: string }
  | { readonly type: "SRV"; readonly weight: number; readonly port: number; readonly target: string }
  | { readonly type: "SOA"; readonly server: string; readonly mailbox: string; readonly serial: number }
);
