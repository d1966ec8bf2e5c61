import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import { until } from "./until.ts";

const peers = resolve(import.meta.dirname, "../../.peers");

/** Programs that `npm run setup:peers` unpacks, with their place below `.peers/<name>`. */
const programs = {
  nginx: "usr/sbin/nginx",
  haproxy: "usr/sbin/haproxy",
  caddy: "usr/bin/caddy",
  wrk: "usr/bin/wrk",
  nghttp2: "usr/bin/h2load",
  "grpc-core": "usr/lib/python3/dist-packages/grpc/__init__.py",
  dig: "usr/bin/dig",
  strace: "usr/bin/strace",
  consul: "usr/bin/consul",
  neovim: "usr/bin/nvim",
  "docker-compose": "usr/libexec/docker/cli-plugins/docker-compose",
} as const;

export type PeerName = keyof typeof programs;

/** Where a peer is unpacked, if it is. */
export function peerFolder(name: PeerName): string {
  return join(peers, name);
}

/** Where the program is; undefined when it is not here. */
export function peerProgram(name: PeerName): string | undefined {
  const program = join(peers, name, programs[name]);
  return existsSync(program) ? program : undefined;
}

/** Why a test that needs these is skipped; false: it is not. */
export function skipWithout(...names: readonly PeerName[]): string | false {
  const missing = names.filter((name) => peerProgram(name) === undefined);
  if (missing.length === 0) return false;
  return `no .peers/${missing.join(", .peers/")} here; fetch with: node scripts/setup-peers.ts`;
}

/** The environment in which an unpacked program finds the libraries that came with it. */
export function peerEnvironment(name: PeerName): NodeJS.ProcessEnv {
  const root = join(peers, name);
  const folders = ["usr/lib", "lib"].flatMap((folder) =>
    ["x86_64", "aarch64"].map((machine) => join(root, folder, `${machine}-linux-gnu`)),
  );
  return { ...process.env, LD_LIBRARY_PATH: folders.filter((folder) => existsSync(folder)).join(":") };
}

/** A program of ours or another's that listens. */
export interface Listener extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** What it wrote so far, both streams: for the message of a test that failed. */
  output(): string;
}

export interface ListenerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts it and waits until its port takes connections. @throws when it ends before it listens */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { command, args, port, env } = options;
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: env ?? process.env });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-16_384);
    });
  try {
    await until(`${command} to listen on ${port}`, async () => {
      if (child.exitCode !== null) throw new Error(`${command} ended: ${output}`);
      return (await accepts(port)) || undefined;
    });
  } catch (error) {
    await end(child);
    throw error;
  }
  return {
    port,
    pid: child.pid ?? 0,
    output: () => output,
    [Symbol.asyncDispose]: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A port nobody listens on now; a program that cannot choose one itself is told it. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
