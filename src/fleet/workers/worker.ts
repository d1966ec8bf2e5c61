/** One thread of a gateway process. Runs by itself, see `workers.ts`. */
import { parentPort, workerData } from "node:worker_threads";
import { systemRandom, threadClock, toTuskerError } from "../../kernel/index.ts";
import { type Logger, type LogLevel, logLevels } from "../../telemetry/index.ts";
import { type RunningGateway, runGateway } from "../gateway-process.ts";
import type { WorkerNews, WorkerOrder, WorkerStart } from "./messages.ts";

if (parentPort !== null) await serve(parentPort, workerData);

async function serve(
  port: NonNullable<typeof parentPort>,
  { file, adopted, shared }: WorkerStart,
): Promise<void> {
  const say = (news: WorkerNews): void => port.postMessage(news);
  const [log, access] = [passedOn(say, "log"), passedOn(say, "access")];
  const ports = { clock: threadClock, random: systemRandom, log, access };
  const gateway = await runGateway(file, ports, shared).catch((error: unknown) => {
    const { code, message } = toTuskerError(error);
    say({ type: "failed", code, message });
  });
  if (gateway === undefined) return;
  // In the turn in which it begins to listen: nobody is answered by the file that was in force before.
  if (adopted !== undefined) gateway.adopt(adopted);
  port.on("message", (order: WorkerOrder) => obey(gateway, order, say));
  say({ type: "ready", port: gateway.port });
  await gateway.reachable();
  say({ type: "reachable" });
}

function obey(gateway: RunningGateway, order: WorkerOrder, say: (news: WorkerNews) => void): void {
  switch (order.type) {
    case "metrics":
      void Promise.resolve(gateway.metrics()).then((text) => say({ type: "metrics", text }));
      return;
    case "state":
      void Promise.all([gateway.routes(), gateway.services()]).then(([routes, services]) =>
        say({ type: "state", routes, services }),
      );
      return;
    case "adopt":
      gateway.adopt(order.file);
      return;
    case "drain":
      void gateway.drain(order.grace).then(async () => {
        await gateway[Symbol.asyncDispose]();
        say({ type: "drained" });
      });
      return;
    default:
      order satisfies never;
  }
}

/** Lines of a thread are written by the process, so that they do not mix. */
function passedOn(say: (news: WorkerNews) => void, type: "log" | "access", more: object = {}): Logger {
  const at =
    (level: LogLevel): Logger["info"] =>
    (message, fields) =>
      say({ type, level, message, fields: { ...more, ...fields } });
  const [debug, info, warn, error] = logLevels.map(at);
  const nothing = (): void => {};
  return {
    debug: debug ?? nothing,
    info: info ?? nothing,
    warn: warn ?? nothing,
    error: error ?? nothing,
    child: (fields) => passedOn(say, type, { ...more, ...fields }),
    enabled: (level) => level !== "debug",
  };
}
