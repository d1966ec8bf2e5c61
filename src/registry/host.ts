/** RFC 3986 §3.2.2: an IPv6 address stands in brackets before its port. */
export function authority(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
