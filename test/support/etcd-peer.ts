import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { http1Pool } from "../../src/net/index.ts";
import { eventually, freePort } from "./consul-peer.ts";

const login = z.object({ token: z.string() });

const program = resolve(import.meta.dirname, "../../.peers/etcd/usr/bin/etcd");

/** Why tests beside etcd are skipped; false: they are not. */
export const skipWithoutEtcd: string | false = existsSync(program)
  ? false
  : "no .peers/etcd here; fetch it with: node scripts/setup-peers.ts";

export interface EtcdPeer extends AsyncDisposable {
  /** etcd://… */
  readonly url: string;
  /** Kills it, runs `meanwhile`, and starts it again on the same folder and ports. */
  restart(meanwhile: () => Promise<void>): Promise<void>;
  /** Calls a method of its JSON gateway. */
  call(method: string, message: object): Promise<unknown>;
  /** The same, as a user. */
  callAs(name: string, password: string, method: string, message: object): Promise<unknown>;
}

export interface EtcdPeerOptions {
  /** Serves TLS with it. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Starts an etcd of one on free ports and waits until it has a leader. */
export async function startEtcdPeer({ tls }: EtcdPeerOptions = {}): Promise<EtcdPeer> {
  const folder = mkdtempSync(join(tmpdir(), "tusker-etcd-"));
  const [client, peer] = [`127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const scheme = tls === undefined ? "http" : "https";
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  if (tls !== undefined) {
    writeFileSync(certFile, tls.cert);
    writeFileSync(keyFile, tls.key);
  }
  const flags = {
    "data-dir": join(folder, "data"),
    ...(tls === undefined ? {} : { "cert-file": certFile, "key-file": keyFile }),
    "listen-client-urls": `${scheme}://${client}`,
    "advertise-client-urls": `${scheme}://${client}`,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `default=${peer}`,
    "log-level": "error",
  };
  const written = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const start = (): ChildProcess => spawn(program, written, { stdio: "ignore" });
  const kill = async (): Promise<void> => {
    const ended = once(etcd, "exit");
    etcd.kill("SIGKILL");
    await ended;
  };
  let etcd = start();
  const pool = http1Pool(`${scheme}://${client}`, {
    ...(tls === undefined ? {} : { tls: { ca: tls.cert } }),
  });
  const call = async (method: string, message: object, token = ""): Promise<unknown> => {
    const answer = await pool.request({
      method: "POST",
      path: `/v3/${method}`,
      headers: token === "" ? [] : ["Authorization", token],
      body: JSON.stringify(message),
    });
    const text = await answer.text(10_000_000);
    if (answer.status !== 200) throw new Error(`${method}: ${answer.status} ${text}`);
    return JSON.parse(text);
  };
  const ready = () => eventually(async () => void (await call("kv/put", { key: "cmVhZHk=", value: "" })));
  await ready();
  return {
    url: `${tls === undefined ? "etcd" : "etcds"}://${client}`,
    call,
    async restart(meanwhile) {
      await kill();
      await meanwhile();
      etcd = start();
      await ready();
    },
    async callAs(name, password, method, message) {
      const { token } = login.parse(await call("auth/authenticate", { name, password }));
      return call(method, message, token);
    },
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
