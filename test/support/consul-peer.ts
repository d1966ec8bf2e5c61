import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { systemClock } from "../../src/kernel/index.ts";

const program = resolve(import.meta.dirname, "../../.peers/consul/usr/bin/consul");

/** Why tests beside the peer are skipped; false: they are not. */
export const skipWithoutPeer: string | false = existsSync(program)
  ? false
  : "no .peers/consul here; fetch it with: node scripts/setup-peers.ts";

/** The program whose wire we speak, on free ports, with its node named "box". */
export interface ConsulPeer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dnsPort: number;
}

export interface ConsulPeerOptions {
  /** Keeps its log there and syncs it, as in production; default: everything in memory. */
  readonly dataDir?: string;
  /** More settings. */
  readonly configFile?: string;
  /** What it asks for, with rules in those settings. */
  readonly token?: string;
}

/** Starts it and waits until it knows itself. */
export async function startConsulPeer(options: ConsulPeerOptions = {}): Promise<ConsulPeer> {
  const { dataDir, configFile, token } = options;
  const [wire, server, serf, dnsPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const flags = {
    bind: "127.0.0.1",
    node: "box",
    "log-level": "err",
    "http-port": wire,
    "server-port": server,
    "serf-lan-port": serf,
    "serf-wan-port": -1,
    "dns-port": dnsPort,
    "grpc-port": -1,
  };
  const written = Object.entries(flags).map(([name, value]) => `-${name}=${value}`);
  const mode =
    dataDir === undefined
      ? ["-dev"]
      : [
          "-server",
          "-bootstrap-expect=1",
          `-data-dir=${dataDir}`,
          "-hcl=limits { http_max_conns_per_client = 10000 }",
        ];
  const settings = configFile === undefined ? [] : [`-config-file=${configFile}`];
  const headers = token === undefined ? {} : { "X-Consul-Token": token };
  const peer = spawn(program, ["agent", ...mode, ...settings, ...written], { stdio: "ignore" });
  const url = `http://127.0.0.1:${wire}`;
  const started: ConsulPeer = {
    url,
    port: wire,
    pid: peer.pid ?? 0,
    dnsPort,
    async [Symbol.asyncDispose]() {
      if (peer.exitCode !== null || peer.signalCode !== null) return;
      const ended = once(peer, "exit");
      peer.kill("SIGKILL");
      await ended;
    },
  };
  try {
    await eventually(async () => {
      const body: unknown = await (await fetch(`${url}/v1/health/node/box`, { headers })).json();
      if (!Array.isArray(body) || body.length !== 1) throw new Error("it does not know itself yet");
    }, 30_000);
  } catch (error) {
    await started[Symbol.asyncDispose]();
    throw error;
  }
  return started;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Repeats until it holds: an agent there tells its catalog a moment later. */
export async function eventually(check: () => Promise<void>, limitMs: number = 60_000): Promise<void> {
  const from = systemClock.now();
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (systemClock.now() - from > limitMs) throw error;
      await systemClock.sleep(20);
    }
  }
}

/** Ends every session of a registry on this wire. */
export async function endSessions(url: string): Promise<void> {
  const sessions: unknown = await (await fetch(`${url}/v1/session/list`)).json();
  for (const { ID } of sessions as { ID: string }[])
    await fetch(`${url}/v1/session/destroy/${ID}`, { method: "PUT" });
}
