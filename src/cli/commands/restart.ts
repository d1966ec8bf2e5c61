import { TuskerError } from "../../kernel/index.ts";
import type { Run } from "../command.ts";
import { controlClient } from "../control-client.ts";
import { runningFleet } from "../fleet-file.ts";

/** Stops a service and starts it again, instance by instance; returns when all are ready. */
export const run: Run = async (args, io) => {
  const [service] = args.positionals;
  if (service === undefined) throw new TuskerError("CLI_USAGE", "restart needs the name of a service");
  await using control = controlClient(runningFleet(args, io));
  const view = await control.post(`/control/services/${encodeURIComponent(service)}/restart`);
  io.out(args.flag("json") ? `${JSON.stringify(view)}\n` : `${service} is ready again\n`);
  return 0;
};
