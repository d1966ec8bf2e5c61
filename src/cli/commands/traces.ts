import { renderTraceList, renderWaterfall, type Trace, type TraceSummary } from "../../collector/index.ts";
import { TuskerError } from "../../kernel/index.ts";
import type { Run } from "../command.ts";
import { controlClient } from "../control-client.ts";
import { runningFleet } from "../fleet-file.ts";

/** Lists traces, or shows one as a waterfall; the beginning of an id is enough. */
export const run: Run = async (args, io) => {
  await using control = controlClient(runningFleet(args, io));
  const [id] = args.positionals;
  const view = { width: io.width, color: io.colour };
  if (id !== undefined) {
    if (!/^[0-9a-f]{1,32}$/i.test(id))
      throw new TuskerError(
        "CLI_USAGE",
        `"${id}" is no trace id: up to 32 hexadecimal digits, the first few are enough`,
      );
    const trace = (await control.get(`/control/traces/${encodeURIComponent(id.toLowerCase())}`)) as Trace;
    io.out(args.flag("json") ? `${JSON.stringify(trace)}\n` : renderWaterfall(trace, view));
    return 0;
  }
  const service = args.text("service");
  const query = new URLSearchParams({
    limit: args.text("limit") ?? "20",
    ...(service === undefined ? {} : { service }),
    ...(args.flag("errors") ? { errors: "1" } : {}),
  });
  const traces = (await control.get(`/control/traces?${query}`)) as readonly TraceSummary[];
  io.out(args.flag("json") ? `${JSON.stringify(traces)}\n` : renderTraceList(traces, view));
  return 0;
};
