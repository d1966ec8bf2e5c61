import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test as nodeTest } from "node:test";
import { type Endpoint, type StaticDiscovery, staticDiscovery } from "../discovery/index.ts";
import { type Clock, type Random, systemClock } from "../kernel/index.ts";
import { type HeaderList, headerOf, type Server, type ServerHandler, serveHttp1 } from "../net/index.ts";
import {
  createLogger,
  createMetrics,
  createTracer,
  type Metrics,
  ratioSampler,
  type SpanData,
} from "../telemetry/index.ts";
import { type Gateway, type GatewayConfig, type SharedState, startGateway } from "./gateway.ts";
import { gatewaySection, routesSection } from "./section.ts";

const transports = ["engine", "compat"] as const;
const underTest = new AsyncLocalStorage<(typeof transports)[number]>();

/** A test that must hold whatever is below the gateway: once for each transport, which `bench` gives its gateway. */
export function test(name: string, run: () => Promise<void> | void): void {
  for (const transport of transports)
    nodeTest(`${transport}: ${name}`, () => underTest.run(transport, async () => run()));
}

/** The transport of the test that is running. */
export function transportUnderTest(): (typeof transports)[number] {
  return underTest.getStore() ?? "engine";
}

/** A gateway on a free port in front of endpoints the test starts. */
export interface Bench extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly port: number;
  readonly discovery: StaticDiscovery;
  readonly metrics: Metrics;
  readonly spans: SpanData[];
  readonly logs: string[];
  /** The value of one series as `/-/metrics` would show it; 0 when it is not there. */
  metric(series: string): number;
  config(gateway: object, routes: object): GatewayConfig;
}

export interface BenchOptions {
  readonly gateway?: object;
  readonly routes: object;
  readonly endpoints?: readonly Endpoint[];
  readonly breaker?: GatewayConfig["breaker"];
  readonly clock?: Clock;
  /** Default: none, so that every test sees the same. */
  readonly random?: Random;
  /** Default: it is alone. */
  readonly shared?: SharedState;
}

/** No back-off, no jitter, the first two endpoints compared: every test sees the same. */
const noChance: Random = { next: () => 0, below: () => 0 };

export async function bench(options: BenchOptions): Promise<Bench> {
  const clock = options.clock ?? systemClock;
  const discovery = staticDiscovery(options.endpoints ?? []);
  const metrics = createMetrics();
  const spans: SpanData[] = [];
  const logs: string[] = [];
  const config = (gateway: object, routes: object): GatewayConfig => ({
    gateway: gatewaySection.parse({ port: 0, transport: transportUnderTest(), ...gateway }),
    routes: routesSection.parse(routes),
    ...(options.breaker === undefined ? {} : { breaker: options.breaker }),
  });
  const gateway = await startGateway(config(options.gateway ?? {}, options.routes), {
    discovery,
    tracer: createTracer({
      service: "gateway",
      sampler: ratioSampler(1),
      sink: { accept: (span) => spans.push(span) },
      clock,
    }),
    metrics,
    log: createLogger({ service: "gateway", write: (line) => logs.push(line), clock }),
    clock,
    random: options.random ?? noChance,
    shared: options.shared,
  });
  return {
    gateway,
    port: gateway.server.port,
    discovery,
    metrics,
    spans,
    logs,
    metric: (series) =>
      Number(
        metrics
          .render()
          .split("\n")
          .find((line) => line.startsWith(`${series} `))
          ?.split(" ")
          .at(-1) ?? 0,
      ),
    config,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

/** A well-behaved service. */
export function service(handler: ServerHandler): Promise<Server> {
  return serveHttp1(handler, { port: 0 });
}

/** A service that does what it likes with its sockets. */
export interface RawService extends AsyncDisposable {
  readonly port: number;
  /** Connections so far. */
  readonly count: number;
}

export async function rawService(onSocket: (socket: Socket, number: number) => void): Promise<RawService> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    count++;
    onSocket(socket, count);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get count() {
      return count;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

export function endpoint(port: number, id = "e1", name = "users"): Endpoint {
  return { id, service: name, host: "127.0.0.1", port, meta: {}, tags: [], weight: 1 };
}

/**
 * A port where nobody listens, and nobody comes to: the end of a connection has it until this process ends. One that was
 * listened on and left is given to whoever asks for any port next, which may be the gateway under test.
 */
export async function deadPort(): Promise<number> {
  const server = createServer((socket) => void socket.unref());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await Promise.all([once(socket, "connect"), once(server, "connection")]);
  socket.unref();
  server.close();
  return socket.localPort ?? 0;
}

/** What a client read off its connection. */
export interface Reply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
  header(name: string): string | undefined;
  /** The code of a problem document. */
  readonly code: string | undefined;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: HeaderList;
  readonly body?: string;
}

/** One request on a connection of its own, byte for byte as given, read until the gateway closes. */
export async function ask(port: number, target: string, options: Ask = {}): Promise<Reply> {
  const { method = "GET", headers = [], body } = options;
  const lines = [`${method} ${target} HTTP/1.1`, "Connection: close"];
  if (headerOf(headers, "host") === undefined) lines.push("Host: shop.test");
  for (let i = 0; i + 1 < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return parseReply(await exchangeBytes(port, `${lines.join("\r\n")}\r\n\r\n${body ?? ""}`));
}

/** Sends text and reads until the other side closes, in whatever way. */
export async function exchangeBytes(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => {});
  socket.write(text, "latin1");
  await once(socket, "close");
  return Buffer.concat(chunks).toString("latin1");
}

export function parseReply(text: string): Reply {
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = lines.flatMap((line) => [
    line.slice(0, line.indexOf(":")),
    line.slice(line.indexOf(":") + 1).trim(),
  ]);
  const rest = text.slice(end + 4);
  const body = headerOf(headers, "transfer-encoding") === "chunked" ? unchunk(rest) : rest;
  const problem = headerOf(headers, "content-type") === "application/problem+json" && body !== "";
  return {
    status: Number(first.split(" ")[1]),
    headers,
    body,
    header: (name) => headerOf(headers, name),
    code: problem ? String(JSON.parse(body).code) : undefined,
  };
}

function unchunk(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; ) {
    const line = text.indexOf("\r\n", at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (!(size > 0)) break;
    out += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
  return out;
}

/** Resolves when the head of a request (and as much of its body as came with it) arrived on a raw socket. */
export async function requestOn(socket: Socket): Promise<string> {
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const [chunk] = await once(socket, "data");
    text += String(chunk);
  }
  return text;
}

/** Lets the event loop turn until something holds; gives up when it has turned very often, and for long. */
export async function until(holds: () => boolean): Promise<void> {
  const givesUpMs = systemClock.now() + 10_000;
  for (let turn = 0; !holds(); turn++) {
    if (turn > 200_000 && systemClock.now() > givesUpMs) throw new Error(`never came true: ${holds}`);
    await new Promise(setImmediate);
  }
}
