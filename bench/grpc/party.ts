/** One end of a stack in a process of its own, driven over the channel of `fork`: `party.ts <stack> [port]`. */
import { ada, type Caller, type Stack, streamedBytes } from "./stack.ts";

/** How many calls to make, with how many at once. */
export interface Order {
  readonly calls: number;
  readonly atOnce: number;
  /** One stream of so many messages in place of as many calls. */
  readonly streamed?: boolean;
}

/** What a round of calls took. */
export interface Report {
  readonly cpuMicros: number;
  readonly elapsedMs: number;
  /** Of one call, milliseconds. */
  readonly medianMs: number;
}

const [name = "", port] = process.argv.slice(2);
const { stack }: { stack: Stack } = await import(`./stacks/${name}.ts`);

if (port === undefined) {
  process.send?.({ port: await stack.serve() });
  process.on("message", () => process.send?.({ cpuMicros: cpuMicros() }));
} else {
  const caller = await stack.connect(Number(port));
  const back = await caller.call(ada);
  if (back.email !== ada.email || Number(back.age) !== ada.age)
    throw new Error("what came back is not what was sent");
  process.send?.({ ready: true });
  process.on("message", (order: Order) => {
    void (order.streamed === true ? pour(caller, order) : load(caller, order)).then((report) =>
      process.send?.(report),
    );
  });
}

async function load(caller: Caller, { calls, atOnce }: Order): Promise<Report> {
  const times = new Float64Array(calls);
  const [cpu, start] = [cpuMicros(), performance.now()];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < calls) {
      const i = next++;
      const before = performance.now();
      await caller.call(ada);
      times[i] = performance.now() - before;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const elapsedMs = performance.now() - start;
  return { cpuMicros: cpuMicros() - cpu, elapsedMs, medianMs: times.sort()[calls >> 1] ?? 0 };
}

async function pour(caller: Caller, { calls }: Order): Promise<Report> {
  const [cpu, start] = [cpuMicros(), performance.now()];
  const bytes = await caller.stream?.(calls);
  if (bytes !== calls * streamedBytes) throw new Error(`${bytes} bytes of ${calls} messages came`);
  const elapsedMs = performance.now() - start;
  return { cpuMicros: cpuMicros() - cpu, elapsedMs, medianMs: elapsedMs / calls };
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
