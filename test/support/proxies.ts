import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  freePort,
  type Listener,
  type PeerName,
  peerEnvironment,
  peerProgram,
  startListener,
} from "./peer-program.ts";

/** A folder of its own for each program, and the port of the origin behind all of them. */
export interface ProxyPlan {
  readonly folder: string;
  readonly originPort: number;
}

const root = resolve(import.meta.dirname, "../..");

/** nginx as a proxy: one process, connections to the origin kept, the fields everybody sets. */
export async function startNginxProxy(plan: ProxyPlan): Promise<Listener> {
  return startNginx(
    plan.folder,
    (port) => `
  upstream origin { server 127.0.0.1:${plan.originPort}; keepalive 128; }
  server {
    listen 127.0.0.1:${port} reuseport backlog=1024;
    keepalive_requests 1000000;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-Id $request_id;
    }
  }`,
  );
}

/** nginx as an origin that answers at once: `/small` of 68 bytes, and a file of each size given. */
export async function startNginxOrigin(
  folder: string,
  sizes: Readonly<Record<string, number>>,
): Promise<Listener> {
  mkdirSync(join(folder, "files"), { recursive: true });
  for (const [name, bytes] of Object.entries(sizes))
    writeFileSync(join(folder, "files", name), Buffer.alloc(bytes, "x"));
  const body = '{"id":"user-123","name":"Ada Lovelace","email":"ada@example.test"}\\n';
  return startNginx(
    folder,
    (port) => `
  server {
    listen 127.0.0.1:${port} backlog=1024;
    keepalive_requests 10000000;
    location = /small { default_type application/json; return 200 '${body}'; }
    location / { root ${join(folder, "files")}; }
  }`,
  );
}

async function startNginx(folder: string, server: (port: number) => string): Promise<Listener> {
  const port = await freePort();
  mkdirSync(join(folder, "temp"), { recursive: true });
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${join(folder, "temp", name)};`)
    .join("\n");
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `daemon off; master_process off; user root; pid ${join(folder, "nginx.pid")}; error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nodelay on; keepalive_timeout 75s;
${temp}
${server(port)}
}
`,
  );
  return startPeer("nginx", ["-c", file, "-p", folder, "-e", "stderr"], port);
}

/** HAProxy as a proxy: one thread. */
export async function startHaproxy({ folder, originPort }: ProxyPlan): Promise<Listener> {
  const port = await freePort();
  const file = join(folder, "haproxy.cfg");
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 3s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend front
  bind 127.0.0.1:${port}
  default_backend origin
backend origin
  server one 127.0.0.1:${originPort}
`,
  );
  return startPeer("haproxy", ["-db", "-f", file], port);
}

/** Caddy as a proxy: one processor. */
export async function startCaddy({ folder, originPort }: ProxyPlan): Promise<Listener> {
  const port = await freePort();
  const file = join(folder, "Caddyfile");
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    file,
    `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${originPort}
}
`,
  );
  return startPeer("caddy", ["run", "--config", file, "--adapter", "caddyfile"], port, {
    GOMAXPROCS: "1",
    HOME: folder,
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
  });
}

/** @fastify/http-proxy under this Node. */
export async function startFastifyProxy({ originPort }: ProxyPlan): Promise<Listener> {
  const port = await freePort();
  const script = join(root, "bench/gateway/fastify-proxy.ts");
  return startListener({
    command: process.execPath,
    args: [script, String(port), `http://127.0.0.1:${originPort}`],
    port,
    env: { ...process.env, NODE_ENV: "production" },
  });
}

interface TuskerPlan {
  /** Settings of the route to the origin. */
  readonly route?: object;
  readonly otlp?: string | null;
  /** The program; default: the checkout's. */
  readonly bin?: string;
}

/** Our own gateway in a process of its own, every policy at its default, a hundred routes. */
export async function startTusker(
  { folder, originPort }: ProxyPlan,
  gateway: Readonly<Record<string, unknown>> = {},
  tracing: Readonly<Record<string, unknown>> = {},
  { route = {}, otlp = null, bin = join(root, "bin/tusker.js") }: TuskerPlan = {},
): Promise<Listener> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "gateway.json");
  const others = Array.from({ length: 99 }, (_, n) => [`/api/part-${n}/*`, { service: "origin" }]);
  const settings = {
    fleet: "bench",
    gateway: { port, ...gateway },
    routes: Object.fromEntries([...others, ["/*", { service: "origin", ...route }]]),
    api_communication: {},
    tracing,
    registry: null,
    otlp,
    endpoints: [{ service: "origin", id: "origin-1", host: "127.0.0.1", port: originPort }],
  };
  writeFileSync(file, JSON.stringify(settings));
  return startListener({
    command: process.execPath,
    args: [bin, "gateway", "--settings", file],
    port,
  });
}

function startPeer(
  name: PeerName,
  args: readonly string[],
  port: number,
  more: NodeJS.ProcessEnv = {},
): Promise<Listener> {
  const command = peerProgram(name);
  if (command === undefined)
    throw new Error(`no .peers/${name} here; fetch it with: node scripts/setup-peers.ts`);
  return startListener({ command, args, port, env: { ...peerEnvironment(name), ...more } });
}
