import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { RunningFleet } from "../fleet/index.ts";
import { createSigner, createVerifier, type Verifier } from "../identity/index.ts";
import {
  type Clock,
  problemMediaType,
  type Secret,
  TuskerError,
  toProblem,
  toTuskerError,
} from "../kernel/index.ts";
import {
  authority,
  type ConnectionMeters,
  connectionMeters,
  isOwnName,
  type Server,
  type ServerExchange,
  serveHttp1,
} from "../net/index.ts";
import { metricsMediaType } from "../telemetry/index.ts";
import { dashboardFile } from "./dashboard.ts";
import { type Action, actions } from "./routes.ts";

/** The admin API of one running fleet. */
export interface Control extends AsyncDisposable {
  readonly server: Server;
  readonly url: string;
  /** The operator's bearer token, good for this run only. */
  readonly token: Secret;
  /** Address that signs a browser in: it holds a short key that is exchanged for the token in a cookie. */
  readonly link: string;
}

export interface ControlOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  /** Called when a client asks to stop the whole fleet. */
  readonly onStop: () => void;
}

/** Where an address that means every one is reached from here. */
const reachable: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

const audience = "control";
// A path of its own, so that the gateway and the services, which share this host, are not sent the cookie.
const cookieName = "tusker_token";

/**
 * Serves the admin API and the dashboard. Everything under /control wants the operator's token: as bearer, or as the
 * cookie that a visit with `?key=` sets.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 */
export async function startControl(fleet: RunningFleet, options: ControlOptions): Promise<Control> {
  const { clock, host, port } = options;
  const signer = createSigner({ clock });
  const token = signer.mint({ subject: "operator", audience, scopes: ["*"], ttlMs: 30 * 86_400_000 });
  const verifier = createVerifier([signer.publicJwk]);
  const context = { fleet, clock, onStop: options.onStop };
  const meters = connectionMeters("control");
  const door = { verifier, token, key: randomBytes(16).toString("base64url"), meters };
  const server = await serveHttp1((exchange) => handle(exchange, context, door), {
    ...{ host, port, clock },
    ...meters.hooks,
  });
  const url = `http://${authority(reachable[host] ?? host, server.port)}`;
  return {
    server,
    token,
    url,
    link: `${url}/?key=${door.key}`,
    [Symbol.asyncDispose]: () => server.drain(200),
  };
}

type Context = Parameters<Action["run"]>[1];

interface Door {
  readonly verifier: Verifier;
  readonly token: Secret;
  readonly key: string;
  readonly meters: ConnectionMeters;
}

async function handle(exchange: ServerExchange, context: Context, door: Door): Promise<void> {
  try {
    refuseOtherNames(exchange);
    const { pathname, searchParams } = addressOf(exchange.target);
    if (pathname === "/metrics") return await metrics(exchange, context.fleet, door.meters);
    if (!pathname.startsWith("/control/"))
      return await page(exchange, pathname, searchParams.get("key"), door);
    authenticate(exchange, door.verifier, context.clock);
    const known = actions.filter((action) => action.path.test(pathname));
    const action = known.find((one) => one.method === exchange.method);
    if (action !== undefined) return await action.run(exchange, context, { pathname, query: searchParams });
    if (known.length > 0) return await refuseMethod(exchange, pathname, known);
    throw new TuskerError("CONTROL_UNKNOWN", `the admin API has no ${exchange.method} ${pathname}`);
  } catch (error) {
    await refuse(exchange, toTuskerError(error));
  }
}

/** The fleet's metrics for Prometheus, and our own. Numbers only, so they need no token. */
async function metrics(
  exchange: ServerExchange,
  fleet: RunningFleet,
  meters: ConnectionMeters,
): Promise<void> {
  const text = await fleet.metrics();
  if (text === undefined)
    throw new TuskerError("FLEET_NOT_READY", "the gateway does not answer; ask again in a moment");
  const body = text + meters.render();
  return exchange.respond({ status: 200, headers: ["Content-Type", metricsMediaType], body });
}

/** A page of the dashboard. A visit with the key gets the token as a cookie and goes on without the key in the address. */
async function page(
  exchange: ServerExchange,
  pathname: string,
  key: string | null,
  door: Door,
): Promise<void> {
  if (key !== null) {
    if (!sameText(key, door.key))
      throw new TuskerError(
        "IDENTITY_TOKEN",
        "this link is of an earlier run; open the one that `tusker up` printed last",
      );
    const cookie = `${cookieName}=${door.token.reveal()}; HttpOnly; SameSite=Strict; Path=/control/`;
    return exchange.respond({ status: 303, headers: ["Location", pathname, "Set-Cookie", cookie] });
  }
  const found = dashboardFile(pathname, exchange.header("accept-encoding"));
  if (found === undefined) throw new TuskerError("CONTROL_UNKNOWN", `there is no page ${pathname}`);
  return exchange.respond({
    status: 200,
    headers: [...pageHeaders, ...found.headers],
    body: found.body,
  });
}

const pageHeaders = [
  "Content-Security-Policy",
  "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
  "X-Content-Type-Options",
  "nosniff",
  "Referrer-Policy",
  "no-referrer",
  "Cache-Control",
  "no-cache",
];

function addressOf(target: string): URL {
  const address = URL.parse(target, "http://control");
  if (address !== null) return address;
  throw new TuskerError("CONTROL_BAD_REQUEST", "the address of this request cannot be read");
}

/** RFC 9110 §15.5.6: a 405 says what would be allowed. */
function refuseMethod(exchange: ServerExchange, pathname: string, known: readonly Action[]): Promise<void> {
  const allow = known.map((action) => action.method).join(", ");
  const problem = {
    ...toProblem(new TuskerError("CONTROL_BAD_REQUEST", `${pathname} takes ${allow}`)),
    status: 405,
  };
  const headers = ["Content-Type", problemMediaType, "Allow", allow];
  return exchange.respond({ status: 405, headers, body: JSON.stringify(problem) });
}

/** A page of a foreign site whose name was pointed at this machine arrives with its own Host. */
function refuseOtherNames(exchange: ServerExchange): void {
  if (isOwnName(exchange.header("host") ?? "")) return;
  throw new TuskerError(
    "IDENTITY_DENIED",
    "the admin API answers to localhost and to addresses only, not to other names",
  );
}

function authenticate(exchange: ServerExchange, verifier: Verifier, clock: Clock): void {
  refuseCrossSite(exchange);
  const bearer = /^Bearer ([\w.-]+)$/i.exec(exchange.header("authorization") ?? "")?.[1];
  const cookie = new RegExp(`(?:^|; )${cookieName}=([\\w.-]+)`).exec(exchange.header("cookie") ?? "")?.[1];
  const token = bearer ?? cookie;
  if (token === undefined) {
    throw new TuskerError(
      "IDENTITY_TOKEN",
      "the admin API wants the operator's token; open the dashboard by the link that `tusker up` printed",
    );
  }
  verifier.verify(token, { audience, clock });
}

/** Compares without telling by its time how much was right. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash("sha256").update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}

/**
 * Cookies know no ports: a page of a service on this machine counts as the same site and would send ours along. The
 * browser says where a request comes from; whatever is not our own page may not use the cookie.
 */
function refuseCrossSite(exchange: ServerExchange): void {
  const from = exchange.header("sec-fetch-site");
  if (from === undefined || from === "same-origin" || from === "none") return;
  throw new TuskerError(
    "IDENTITY_DENIED",
    "the admin API takes requests of its own pages and of the command line only",
  );
}

async function refuse(exchange: ServerExchange, error: TuskerError): Promise<void> {
  if (exchange.answered) {
    exchange.abort();
    return;
  }
  const problem = toProblem(error);
  await exchange.respond({
    status: problem.status,
    headers: ["Content-Type", problemMediaType],
    body: JSON.stringify(problem),
  });
}
