import { createSocket } from "node:dgram";
import { once } from "node:events";
import { systemClock } from "../../src/kernel/index.ts";
import type { Figure } from "../figure.ts";
import { each, httpLoad } from "../load/http-load.ts";
import { cpuMicrosOf } from "../load/process-cost.ts";
import { type Contestant, startAll } from "./contestants.ts";
import { registerRequest } from "./requests.ts";

const instances = 3;
const inFlight = 32;
const rounds = 4;
const roundMs = 1_000;

/** Addresses of a service of three instances, asked over UDP. */
export async function* names(): AsyncGenerator<Figure> {
  await using contestants = await startAll();
  const best = new Map<string, Asked>();
  for (const { port } of contestants.all)
    await httpLoad({
      port,
      connections: 1,
      next: each(Array.from({ length: instances }).keys(), (n) => registerRequest("named", `n${n}`, n)),
    });
  for (let round = 0; round < rounds; round++)
    for (const one of contestants.all) {
      const asked = await askAway(one);
      const sofar = best.get(one.name) ?? asked;
      best.set(one.name, {
        perSecond: Math.max(asked.perSecond, sofar.perSecond),
        cpuMicros: Math.min(asked.cpuMicros, sofar.cpuMicros),
      });
    }
  const [ours, consul] = [best.get("ours"), best.get("consul")];
  if (ours === undefined) return;
  const peers = (key: keyof Asked) => (consul === undefined ? {} : { peers: { consul: consul[key] } });
  yield { name: "DNS queries over UDP", unit: "/s", value: ours.perSecond, ...peers("perSecond") };
  yield { name: "a DNS query", unit: "µs CPU", value: ours.cpuMicros, ...peers("cpuMicros") };
}

interface Asked {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

async function askAway({ dnsPort, pid }: Contestant): Promise<Asked> {
  const socket = createSocket("udp4");
  socket.connect(dnsPort, "127.0.0.1");
  await once(socket, "connect");
  const over = Promise.withResolvers<void>();
  const from = systemClock.now();
  const before = cpuMicrosOf(pid);
  let [id, answered] = [0, 0];
  const ask = (): void => socket.send(query(++id & 0xffff));
  socket.on("message", (message: Buffer) => {
    // RFC 1035 §4.1.1: no error, and as many answers as there are instances.
    if ((message.readUInt8(3) & 15) !== 0 || message.readUInt16BE(6) !== instances)
      over.reject(new Error("a query was not answered with all addresses"));
    answered++;
    if (systemClock.now() - from < roundMs) ask();
    else over.resolve();
  });
  for (let n = 0; n < inFlight; n++) ask();
  await over.promise;
  const seconds = (systemClock.now() - from) / 1_000;
  const cpuMicros = (cpuMicrosOf(pid) - before) / answered;
  socket.close();
  return { perSecond: answered / seconds, cpuMicros };
}

/** RFC 1035 §4.1: a question for the addresses of `named.service.consul`. */
function query(id: number): Buffer {
  const labels = ["named", "service", "consul"].map((label) => Buffer.from(`\0${label}`));
  for (const label of labels) label.writeUInt8(label.length - 1, 0);
  const head = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}
