import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { skipWithoutPeer, startConsulPeer } from "../../test/support/consul-peer.ts";
import { tuskerProcess } from "../../test/support/tusker-process.ts";
import { builtBin } from "../load/built.ts";

/** A registry that runs as a process of its own and keeps what it is told on disk. */
export interface Contestant extends AsyncDisposable {
  readonly name: "ours" | "consul";
  readonly port: number;
  readonly pid: number;
  readonly dnsPort: number;
}

/** Ours, on a folder. Disposing kills it as a power cut would: what it acknowledged is there at the next start. */
export async function startOurs(folder: string): Promise<Contestant> {
  const args = ["registry", "--json", "--port", "0", "--data-dir", folder];
  const started = tuskerProcess(args, { cwd: folder, command: [process.execPath, await builtBin()] });
  const { registry, dns } = await started.line((line) => typeof line.registry === "string", 60_000);
  return {
    name: "ours",
    port: Number(new URL(String(registry)).port),
    pid: started.pid,
    dnsPort: Number(String(dns).split(":").at(-1)),
    async [Symbol.asyncDispose]() {
      await started.end("SIGKILL");
    },
  };
}

/** Both, each on a folder of its own that goes with it; the peer where it is installed. */
export async function startAll(): Promise<{ readonly all: readonly Contestant[] } & AsyncDisposable> {
  // What was started ends also when the next one does not start.
  await using started = new AsyncDisposableStack();
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), "tusker-bench-"));
    started.defer(() => rmSync(made, { recursive: true, force: true }));
    return made;
  };
  const all: Contestant[] = [started.use(await startOurs(folder()))];
  if (skipWithoutPeer === false) {
    const peer = started.use(await startConsulPeer({ dataDir: folder() }));
    all.push({
      name: "consul",
      port: peer.port,
      pid: peer.pid,
      dnsPort: peer.dnsPort,
      [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
    });
  }
  const kept = started.move();
  return { all, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
