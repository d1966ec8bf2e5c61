import type { LogView } from "../../control/index.ts";
import type { Io, Run } from "../command.ts";
import { controlClient } from "../control-client.ts";
import { runningFleet } from "../fleet-file.ts";
import { harmless, paintFor } from "../paint.ts";

/** Prints what services wrote; with --follow goes on until it is interrupted or the fleet ends. */
export const run: Run = async (args, io) => {
  await using control = controlClient(runningFleet(args, io));
  const [service] = args.positionals;
  const query = new URLSearchParams({
    lines: args.text("lines") ?? "100",
    ...(service === undefined ? {} : { service }),
  });
  const colours = new Map<string, number>();
  const tell = (line: LogView): void =>
    args.flag("json") ? io.out(`${JSON.stringify(line)}\n`) : print(line, colours, io);
  if (!args.flag("follow")) {
    for (const line of (await control.get(`/control/logs?${query}`)) as readonly LogView[]) tell(line);
    return 0;
  }
  query.set("follow", "1");
  let rest = "";
  for await (const text of control.follow(`/control/logs?${query}`)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) tell(JSON.parse(line) as LogView);
  }
  return 0;
};

function print(line: LogView, colours: Map<string, number>, io: Io): void {
  const paint = paintFor(io.colour);
  const colour = colours.get(line.service) ?? colours.size;
  colours.set(line.service, colour);
  // A line that says when it was written need not be told when it came.
  const timed = /^\d\d:\d\d:\d\d/.test(line.text);
  const time = timed ? "" : `${paint.dim(new Date(line.at).toISOString().slice(11, 23))} `;
  io.out(
    `${time}${paint.nth(colour, line.instance)} ${line.stream === "stderr" ? "┃" : "│"} ${harmless(line.text)}\n`,
  );
}
