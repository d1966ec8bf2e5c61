import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { SignJWT } from "jose";
import { systemClock } from "../../src/kernel/index.ts";
import type { Listener } from "../../test/support/peer-program.ts";
import { startTusker } from "../../test/support/proxies.ts";
import type { Figure } from "../figure.ts";
import { httpLoad } from "../load/http-load.ts";
import { threadMicrosOf } from "../load/process-cost.ts";

const rounds = 11;
const requests = 4_000;

/**
 * What the policies of an everyday route cost: CPU of the gateway process with a rate limit, a token that was verified
 * before, and every request traced and exported, beside the same route without them. By turns, and the median of all
 * rounds counts: how many requests a gateway finds at once when it wakes decides what one costs, on either side.
 *
 * @param folder of its own
 * @param originPort of a service that answers `/small`
 */
export async function* policies(folder: string, originPort: number): AsyncGenerator<Figure> {
  await using issuer = await startIssuer();
  await using collector = await serving("{}");
  await using plain = await startTusker(
    { folder: join(folder, "plain"), originPort },
    {},
    { sampling_rate: 0 },
  );
  const jwt = { issuer: "https://issuer.test", audience: "lab", jwks_url: issuer.url };
  const limit = { rate_limit_enabled: true, rate_limit_requests: 1_000_000_000 };
  await using full = await startTusker(
    { folder: join(folder, "policies"), originPort },
    { ...limit, jwt },
    { sampling_rate: 1 },
    { route: { auth: ["jwt"] }, otlp: `http://127.0.0.1:${collector.port}` },
  );
  const costs = { plain: [] as number[], full: [] as number[] };
  // The first two rounds warm both up.
  for (let round = -2; round < rounds; round++)
    for (const [name, at] of [
      ["plain", plain],
      ["full", full],
    ] as const) {
      const micros = await cost(at, issuer.token);
      if (round >= 0) costs[name].push(micros);
    }
  yield {
    name: "GET with rate limit, cached token and every request traced",
    value: median(costs.full),
    unit: "µs CPU",
    peers: { plain: median(costs.plain) },
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Microseconds of CPU per request. */
async function cost({ port, pid }: Listener, token: string): Promise<number> {
  const request = Buffer.from(
    `GET /small?page=2 HTTP/1.1\r\nHost: lab.test\r\nAccept: application/json, text/plain, */*\r\nAccept-Language: en-US,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  let left = requests;
  const before = threadMicrosOf(pid);
  const { refused } = await httpLoad({
    port,
    connections: 32,
    next: () => (left-- > 0 ? request : undefined),
  });
  if (refused > 0) throw new Error(`${refused} requests were refused`);
  return (threadMicrosOf(pid) - before) / requests;
}

interface Serving extends AsyncDisposable {
  readonly port: number;
}

/** A server on a free port that takes in whatever it is sent. */
async function serving(body: string): Promise<Serving> {
  const server = createServer((request, response) => {
    request.resume();
    request.once("end", () => response.end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function startIssuer(): Promise<AsyncDisposable & { readonly url: string; readonly token: string }> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "lab", alg: "EdDSA" }];
  const server = await serving(JSON.stringify({ keys }));
  const token = await new SignJWT({ scope: "read" })
    .setProtectedHeader({ alg: "EdDSA", kid: "lab" })
    .setSubject("ada")
    .setIssuer("https://issuer.test")
    .setAudience("lab")
    .setExpirationTime(Math.floor(systemClock.wall() / 1_000) + 3_600)
    .sign(privateKey);
  return {
    url: `http://127.0.0.1:${server.port}/jwks`,
    token,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
