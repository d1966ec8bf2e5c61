/** What the policies of an everyday route cost: CPU of the gateway process, beside the same route without them. */
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT } from "jose";
import { systemClock } from "../src/kernel/index.ts";
import { type LabGateway, labGateway, manners, origins } from "./fault-lab/real/lab.ts";
import type { Figure } from "./figure.ts";
import { httpLoad } from "./load/http-load.ts";
import { cpuMicrosOf } from "./load/process-cost.ts";

const rounds = 5;
const requests = 4_000;

/** By turns, the least CPU of five rounds counts: other work on the machine only ever adds. */
export async function* figures(): AsyncGenerator<Figure> {
  await using issuer = await startIssuer();
  using origin = await origins(1);
  const { ours } = manners(origin.ports);
  const jwt = { issuer: "https://issuer.test", audience: "lab", jwks_url: issuer.url };
  using plain = await labGateway(ours);
  using full = await labGateway({
    ...ours,
    gateway: { ...ours.gateway, jwt, rate_limit_enabled: true, rate_limit_requests: 1_000_000_000 },
    routes: { "/*": { service: "users", auth: ["jwt"] } },
    sampling: 1,
  });
  const least = { plain: Number.POSITIVE_INFINITY, full: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round++) {
    least.plain = Math.min(least.plain, await cost(plain, issuer.token));
    least.full = Math.min(least.full, await cost(full, issuer.token));
  }
  yield {
    name: "GET with rate limit, cached token and every request traced",
    value: least.full,
    unit: "µs CPU",
    peers: { plain: least.plain },
  };
}

/** Microseconds of CPU per request. */
async function cost({ port, pid }: LabGateway, token: string): Promise<number> {
  const request = Buffer.from(
    `GET /users/1?page=2 HTTP/1.1\r\nHost: lab.test\r\nAccept: application/json\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  let left = requests;
  const before = cpuMicrosOf(pid);
  const { refused } = await httpLoad({
    port,
    connections: 32,
    next: () => (left-- > 0 ? request : undefined),
  });
  if (refused > 0) throw new Error(`${refused} requests were refused`);
  return (cpuMicrosOf(pid) - before) / requests;
}

async function startIssuer(): Promise<AsyncDisposable & { readonly url: string; readonly token: string }> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "lab", alg: "EdDSA" }];
  const server = createServer((_, response) => response.end(JSON.stringify({ keys })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const token = await new SignJWT({ scope: "read" })
    .setProtectedHeader({ alg: "EdDSA", kid: "lab" })
    .setSubject("ada")
    .setIssuer("https://issuer.test")
    .setAudience("lab")
    .setExpirationTime(Math.floor(systemClock.wall() / 1_000) + 3_600)
    .sign(privateKey);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    token,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
