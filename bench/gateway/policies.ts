import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { SignJWT } from "jose";
import { systemClock } from "../../src/kernel/index.ts";
import { type HttpClient, httpClient } from "../../src/net/index.ts";
import { freePort, type Listener, startListener } from "../../test/support/peer-program.ts";
import { type ProxyPlan, startTusker } from "../../test/support/proxies.ts";
import { until } from "../../test/support/until.ts";
import type { Figure } from "../figure.ts";
import { inSlices } from "../load/slices.ts";
import { wrk } from "./wrk.ts";

/**
 * Programs of each kind: what the compiler of one makes of the same code, and where memory happens to lie, differs by a tenth
 * from start to start. Of few programs, that is what the figure would tell.
 */
const programs = 12;
const rounds = 2;
const warmUp = 6;
const seconds = 1;
const path = "/small";
/** So many that nobody is refused, and counted for so long that what is left tells how many were admitted. */
const limit = { requests: 1_000_000_000, window: "1h" } as const;

/**
 * What the policies of an everyday route cost: CPU of the gateway process with a rate limit, a token that was verified
 * before, and every request traced and exported, beside the same route without them. Many programs of either kind by turns,
 * under the load of the other rows and with the same bytes; whoever takes the spans runs in a process of its own.
 *
 * It fails unless every request was limited, authenticated and traced: what the limit says is left, and the spans that
 * came, are counted against the answers.
 *
 * @param plan a folder of its own, and the port of a service that answers `/small`
 * @param bin the program
 */
export async function* policies(plan: ProxyPlan, bin: string): AsyncGenerator<Figure> {
  await using issuer = await startIssuer();
  await using stack = new AsyncDisposableStack();
  const all: Measured[] = [];
  for (let n = 0; n < programs; n++) {
    all.push({ kind: "plain", at: stack.use(await startPlain(plan, bin, n)), micros: [], proof: undefined });
    const counter = stack.use(await startCounter());
    const at = stack.use(await startFull(plan, bin, n, { issuer, counter }));
    const proof = stack.use(await startProof(at, counter, `Bearer ${issuer.token}`));
    all.push({ kind: "full", at, micros: [], proof });
  }
  // What is traced is more code, which takes longer until it is compiled.
  for (let round = -warmUp; round < rounds; round++)
    for (const { kind, at, micros, proof } of all) {
      const load = async (): Promise<number> => {
        const { requests, failures } = await wrk(at.port, path, seconds, {
          authorization: `Bearer ${issuer.token}`,
        });
        if (failures > 0)
          throw new Error(`${kind} failed ${failures} of ${requests} requests: ${at.output()}`);
        return requests;
      };
      const slices = await inSlices(at.pid, load);
      if (round >= 0) micros.push(...slices.micros);
      proof?.expect(slices.requests);
    }
  for (const { proof } of all) await proof?.check();
  for (const [which, share] of [
    ["", 0.25],
    [", half of the times", 0.5],
  ] as const)
    yield {
      name: `GET with rate limit, cached token and every request traced${which}`,
      value: mean(all, "full", share),
      unit: "µs CPU",
      peers: { plain: mean(all, "plain", share) },
    };
}

interface Measured {
  readonly kind: "plain" | "full";
  readonly at: Listener;
  readonly micros: number[];
  readonly proof: Proof | undefined;
}

/** What a share of the slices stayed below, over the programs of a kind. */
function mean(all: readonly Measured[], kind: Measured["kind"], share: number): number {
  let sum = 0;
  for (const { micros } of all.filter((one) => one.kind === kind)) {
    const below = micros.toSorted((a, b) => a - b)[Math.floor(micros.length * share)];
    if (below === undefined)
      throw new Error(
        "the host took a processor away all the time: there is nothing to measure by, try later",
      );
    sum += below;
  }
  return sum / programs;
}

function startPlain({ folder, originPort }: ProxyPlan, bin: string, n: number): Promise<Listener> {
  return startTusker({ folder: join(folder, `plain-${n}`), originPort }, {}, { sampling_rate: 0 }, { bin });
}

interface Around {
  readonly issuer: Issuer;
  readonly counter: Listener;
}

function startFull(
  { folder, originPort }: ProxyPlan,
  bin: string,
  n: number,
  { issuer, counter }: Around,
): Promise<Listener> {
  return startTusker(
    { folder: join(folder, `policies-${n}`), originPort },
    { jwt: { issuer: "https://issuer.test", audience: "lab", jwks_url: issuer.url } },
    { sampling_rate: 1 },
    {
      bin,
      route: { auth: ["jwt"], consumers: ["ada"], rate_limit: limit },
      otlp: `http://127.0.0.1:${counter.port}`,
    },
  );
}

interface Proof extends AsyncDisposable {
  /** So many more were answered. */
  expect(requests: number): void;
  /** @throws when a request went by without its limit, its token or its spans */
  check(): Promise<void>;
}

/** Watches that the gateway does for every request what it is told. */
async function startProof(at: Listener, counter: Listener, authorization: string): Promise<Proof> {
  const http = httpClient();
  const ask = async (fields: readonly string[]) => {
    const url = `http://127.0.0.1:${at.port}${path}`;
    const answer = await http.request({ method: "GET", url, headers: [...fields] });
    await answer.bytes(65_536);
    return answer;
  };
  const left = async (): Promise<number> => {
    const answer = await ask(["Authorization", authorization]);
    const found = /;r=(\d+);/.exec(answer.header("ratelimit") ?? "")?.[1];
    if (answer.status !== 200 || found === undefined)
      throw new Error(`an answer of status ${answer.status} without RateLimit: ${at.output()}`);
    return Number(found);
  };
  const first = await left();
  let answered = 1;
  return {
    expect(requests) {
      answered += requests;
    },
    async check() {
      // A token without its end is somebody else's, and none is nobody's.
      for (const fields of [["Authorization", authorization.slice(0, -4)], []])
        if ((await ask(fields)).status !== 401) throw new Error("a request without its token was let in");
      const limited = first + 1 - (await left());
      // Requests under way when a load ends are limited and traced, and nobody counts their answers.
      const known = answered + 3;
      if (limited < known || limited > known + 64 * (rounds + warmUp))
        throw new Error(`${known} requests were answered, and the limit counted ${limited}`);
      // Those that were refused have no try.
      const expected = { server: limited, client: limited - 2 };
      await until(`${JSON.stringify(expected)} spans at the collector`, async () => {
        const { server, client } = await countsOf(http, counter);
        return (server === expected.server && client === expected.client) || undefined;
      });
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

/** Spans that came so far, by their kind. */
async function countsOf(http: HttpClient, { port }: Listener): Promise<Readonly<Record<string, number>>> {
  const answer = await http.request({ method: "GET", url: `http://127.0.0.1:${port}/` });
  return JSON.parse(await answer.text(65_536));
}

/** Whoever takes the spans, in a process of its own. */
async function startCounter(): Promise<Listener> {
  const port = await freePort();
  const program = join(import.meta.dirname, "span-counter.ts");
  const args = ["--conditions=tusker-source", program, String(port)];
  return startListener({ command: process.execPath, args, port });
}

interface Issuer extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
}

async function startIssuer(): Promise<Issuer> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "lab", alg: "EdDSA" }];
  const server = createServer((_request, response) => response.end(JSON.stringify({ keys })));
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
