import { isAlive } from "../../fleet/index.ts";
import { systemClock, TuskerError } from "../../kernel/index.ts";
import type { Run } from "../command.ts";
import { controlClient } from "../control-client.ts";
import { runningFleet } from "../fleet-file.ts";

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
  await control.post("/control/fleet/stop");
  const until = systemClock.now() + 30_000;
  while (isAlive(running.pid)) {
    if (systemClock.now() > until)
      throw new TuskerError(
        "FLEET_RUNNING",
        `the fleet (pid ${running.pid}) was asked to stop and still runs after 30s`,
      );
    await systemClock.sleep(50);
  }
  io.out(
    args.flag("json") ? `${JSON.stringify({ stopped: running.name })}\n` : `${running.name} is stopped\n`,
  );
  return 0;
};
