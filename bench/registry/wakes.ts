import { systemClock } from "../../src/kernel/index.ts";
import type { Figure } from "../figure.ts";
import { type Line, openLine, requestBytes } from "../load/http-load.ts";
import { cpuMicrosOf } from "../load/process-cost.ts";
import { type Contestant, startAll } from "./contestants.ts";

const readers = 1_000;
const changes = 8;

/** A thousand blocking queries on one service, woken by every change of it. */
export async function* wakes(): AsyncGenerator<Figure> {
  await using contestants = await startAll();
  const found = new Map<string, Woken>();
  for (const one of contestants.all) found.set(one.name, await wake(one));
  const [ours, consul] = [found.get("ours"), found.get("consul")];
  if (ours === undefined) return;
  const peers = (key: keyof Woken) => (consul === undefined ? {} : { peers: { consul: consul[key] } });
  yield { name: "a wake of a blocking query", unit: "µs CPU", value: ours.cpuMicros, ...peers("cpuMicros") };
  yield { name: "1,000 blocking queries woken, p99", unit: "ms", value: ours.p99Ms, ...peers("p99Ms") };
}

interface Woken {
  readonly cpuMicros: number;
  readonly p99Ms: number;
}

async function wake({ port, pid }: Contestant): Promise<Woken> {
  const writer = await openLine(port);
  await change(writer, 1);
  const lines = await Promise.all(Array.from({ length: readers }, () => openLine(port)));
  const first = await lines[0]?.ask(requestBytes("GET", "/v1/health/service/woken"));
  let index = /\r\nx-consul-index: *(\d+)/i.exec(first?.head ?? "")?.[1] ?? "1";
  const latencies: number[] = [];
  const before = cpuMicrosOf(pid);
  for (let round = 0; round < changes; round++) {
    const question = requestBytes("GET", `/v1/health/service/woken?index=${index}&wait=60s`);
    let wokenAt = 0;
    const answers = lines.map(async (line) => {
      const { head } = await line.ask(question);
      latencies.push(systemClock.now() - wokenAt);
      return head;
    });
    // The writer's answer comes after the questions of everybody are there: one connection each, but one loop.
    await writer.ask(requestBytes("GET", "/v1/status/leader"));
    wokenAt = systemClock.now();
    await change(writer, 2 + round);
    const heads = await Promise.all(answers);
    index = /\r\nx-consul-index: *(\d+)/i.exec(heads[0] ?? "")?.[1] ?? index;
  }
  const cpuMicros = (cpuMicrosOf(pid) - before) / (readers * changes);
  for (const line of [writer, ...lines]) line.close();
  const sorted = latencies.toSorted((a, b) => a - b);
  return { cpuMicros, p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN };
}

async function change(line: Line, port: number): Promise<void> {
  const Service = { ID: "woken", Service: "woken", Port: port };
  const body = { Node: "elsewhere", Address: "10.0.0.1", Service };
  const { status } = await line.ask(requestBytes("PUT", "/v1/catalog/register", body));
  if (status !== 200) throw new Error(`a change was refused with ${status}`);
}
