import { connect } from "node:net";
import type { Probe } from "./probe.ts";

/** Passing when the address accepts a connection. */
export const tcpProbe: Probe<"tcp"> = ({ address }, signal) => {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: "passing"; output: string }>();
  const { host, port } = splitAddress(address);
  const socket = connect({ host, port, signal });
  socket.once("connect", () => resolve({ status: "passing", output: `TCP connect ${address}: Success` }));
  socket.once("error", reject);
  return promise.finally(() => socket.destroy());
};

/** `host:port` or `[address]:port` in two. The port is undefined text's NaN when there is none. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, Math.max(0, colon));
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  const port = colon === -1 ? "" : address.slice(colon + 1);
  return { host: bare, port: /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN };
}
