import type { StoppingView } from "../../control/index.ts";
import { isAlive } from "../../fleet/index.ts";
import { formatDuration, systemClock, TuskerError } from "../../kernel/index.ts";
import type { Run } from "../command.ts";
import { controlClient } from "../control-client.ts";
import { runningFleet } from "../fleet-file.ts";

/** What the supervisor needs besides: to let go of registries, to send the last spans. */
const marginMs = 10_000;

/** Stops one service, or the fleet; returns when it is done. */
export const run: Run = async (args, io) => {
  const running = runningFleet(args, io);
  await using control = controlClient(running);
  const [service] = args.positionals;
  if (service !== undefined) {
    const view = await control.post(`/control/services/${encodeURIComponent(service)}/stop`);
    io.out(args.flag("json") ? `${JSON.stringify(view)}\n` : `${service} is stopped\n`);
    return 0;
  }
  const { limitMs } = (await control.post("/control/fleet/stop")) as StoppingView;
  const until = systemClock.now() + limitMs + marginMs;
  while (isAlive(running.pid)) {
    if (systemClock.now() > until)
      throw new TuskerError(
        "FLEET_RUNNING",
        `the fleet (pid ${running.pid}) was asked to stop and still runs after ${formatDuration(limitMs + marginMs)}; end it with: kill -KILL ${running.pid}`,
      );
    await systemClock.sleep(50);
  }
  io.out(
    args.flag("json") ? `${JSON.stringify({ stopped: running.name })}\n` : `${running.name} is stopped\n`,
  );
  return 0;
};
