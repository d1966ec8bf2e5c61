import { systemCode, TuskerError } from "../kernel/index.ts";

/** The error of a listen that failed, in words an operator can act on. */
export function listenError(error: unknown, host: string, port: number): TuskerError {
  const code = systemCode(error);
  const where = `${host}:${port}`;
  if (code === "EADDRINUSE") {
    return new TuskerError(
      "NET_PORT_TAKEN",
      `port ${port} on ${host} is taken by another process; stop it or choose another port`,
      {
        cause: error,
        details: { host, port },
      },
    );
  }
  if (code === "EACCES") {
    return new TuskerError(
      "NET_BIND",
      `not allowed to listen on ${where}; ports below 1024 need rights, choose a higher one`,
      { cause: error },
    );
  }
  return new TuskerError(
    "NET_BIND",
    `cannot listen on ${where} (${code ?? "unknown reason"}); check that the address is one of this machine`,
    {
      cause: error,
      details: { host, port },
    },
  );
}

/** The address without the IPv4-in-IPv6 prefix that dual-stack sockets report. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}
