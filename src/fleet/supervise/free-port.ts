import { once } from "node:events";
import { createServer } from "node:net";
import { systemCode } from "../../kernel/index.ts";

/** A port nobody listens on at this moment, chosen by the system. */
export async function freePort(host: string = "127.0.0.1"): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** True when somebody else listens on the port. Asked before anything is started. */
export function portTaken(port: number, host: string = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(systemCode(error) === "EADDRINUSE"));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(false)));
  });
}
