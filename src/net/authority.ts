/** Host and port as they stand in an address: one of IPv6 in brackets (RFC 3986 §3.2.2). */
export function authority(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
