import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { peerEnvironment, peerProgram } from "../../test/support/peer-program.ts";

/** What a browser's client sends; Authorization and Host make nine. */
const fields: Readonly<Record<string, string>> = {
  "User-Agent":
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
  Accept: "application/json, text/plain, */*",
  "Accept-Language": "en-US,en;q=0.9,de;q=0.8",
  "Accept-Encoding": "gzip, deflate, br",
  Cookie: "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark",
  Referer: "https://shop.example.test/account/orders",
  "X-Client-Version": "web/4.18.2",
};

const usual = "Bearer 6f1ed002ab5595859014ebf0951522d9f3a7c1e0b2d4";

/** What came of one run of the load generator. */
export interface WrkResult {
  readonly requests: number;
  /** Answers that were not 2xx or 3xx, and connections that broke. */
  readonly failures: number;
}

export interface WrkOptions {
  /** Lua file that makes the requests; default: all are the same. */
  readonly script?: string | undefined;
  /** What stands behind `Authorization:`; default: a token nobody looks at. */
  readonly authorization?: string;
}

/** Loads a port of this machine: one thread, 64 kept connections, nine request fields. */
export async function wrk(
  port: number,
  path: string,
  seconds: number,
  { script, authorization = usual }: WrkOptions = {},
): Promise<WrkResult> {
  const program = peerProgram("wrk");
  if (program === undefined)
    throw new Error("no .peers/wrk here; fetch it with: node scripts/setup-peers.ts");
  const sent = { ...fields, Authorization: authorization };
  const headers = Object.entries(sent).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const { stdout } = await promisify(execFile)(
    program,
    [
      "-t1",
      "-c64",
      `-d${seconds}s`,
      ...(script === undefined ? [] : ["-s", script]),
      ...headers,
      `http://127.0.0.1:${port}${path}`,
    ],
    { env: peerEnvironment("wrk") },
  );
  const count = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? 0);
  const broken = [...(/Socket errors: (.*)/.exec(stdout)?.[1] ?? "").matchAll(/\d+/g)];
  return {
    requests: count(/(\d+) requests in/),
    failures: count(/Non-2xx or 3xx responses: (\d+)/) + broken.reduce((sum, [n]) => sum + Number(n), 0),
  };
}
