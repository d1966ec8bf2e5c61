import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { eventually, freePort } from "./consul-peer.ts";

const program = resolve(import.meta.dirname, "../../.peers/etcd/usr/bin/etcd");

/** Why tests beside etcd are skipped; false: they are not. */
export const skipWithoutEtcd: string | false = existsSync(program)
  ? false
  : "no .peers/etcd here; fetch it with: node scripts/setup-peers.ts";

export interface EtcdPeer extends AsyncDisposable {
  /** etcd://… */
  readonly url: string;
  /** Calls a method of its JSON gateway. */
  call(method: string, message: object): Promise<unknown>;
}

/** Starts an etcd of one on free ports and waits until it has a leader. */
export async function startEtcdPeer(): Promise<EtcdPeer> {
  const folder = mkdtempSync(join(tmpdir(), "tusker-etcd-"));
  const [client, peer] = [`127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const flags = {
    "data-dir": folder,
    "listen-client-urls": `http://${client}`,
    "advertise-client-urls": `http://${client}`,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `default=${peer}`,
    "log-level": "error",
  };
  const written = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const etcd = spawn(program, written, { stdio: "ignore" });
  const call = async (method: string, message: object): Promise<unknown> => {
    const body = JSON.stringify(message);
    const answer = await fetch(`http://${client}/v3/${method}`, { method: "POST", body });
    if (!answer.ok) throw new Error(`${method}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  await eventually(async () => void (await call("kv/put", { key: "cmVhZHk=", value: "" })));
  return {
    url: `etcd://${client}`,
    call,
    async [Symbol.asyncDispose]() {
      const ended = once(etcd, "exit");
      etcd.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
