import type { FleetView } from "../../control/index.ts";
import type { Io, Run } from "../command.ts";
import { controlClient } from "../control-client.ts";
import { runningFleet } from "../fleet-file.ts";
import { paintFor } from "../paint.ts";

/** Lists the processes of the running fleet. */
export const run: Run = async (args, io) => {
  const running = runningFleet(args, io);
  await using control = controlClient(running);
  const view = (await control.get("/control/fleet")) as FleetView;
  if (args.flag("json")) io.out(`${JSON.stringify(view)}\n`);
  else print(view, running.link, io);
  return 0;
};

function print(view: FleetView, link: string, io: Io): void {
  const paint = paintFor(io.colour);
  const listed = [{ version: "", instances: [view.gatewayProcess] }, ...view.services];
  const rows = listed.flatMap((service) =>
    service.instances.map((instance) => [
      instance.id,
      instance.crashLoop ? "crash loop" : instance.state,
      instance.port === undefined ? "–" : `:${instance.port}`,
      instance.grpcPort === undefined ? "–" : `:${instance.grpcPort}`,
      String(instance.pid ?? "–"),
      String(instance.restarts),
      service.version,
    ]),
  );
  const head = ["INSTANCE", "STATE", "REST", "GRPC", "PID", "RESTARTS", "VERSION"];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  io.out(
    `${paint.bold(view.name)} (${view.environment}), gateway ${view.gateway ?? "not ready"}, registry ${view.registry ?? "off"}\ndashboard ${link}\n\n`,
  );
  io.out(`${paint.dim(line(head))}\n${rows.map((row) => `${line(row)}\n`).join("")}`);
}
