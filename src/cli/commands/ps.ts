import type { FleetView } from "../../control/index.ts";
import type { Io, Run } from "../command.ts";
import { controlClient } from "../control-client.ts";
import { runningFleet } from "../fleet-file.ts";
import { paintFor } from "../paint.ts";

/** Lists the processes of the running fleet. */
export const run: Run = async (args, io) => {
  await using control = controlClient(runningFleet(args, io));
  const view = (await control.get("/control/fleet")) as FleetView;
  if (args.flag("json")) io.out(`${JSON.stringify(view)}\n`);
  else print(view, io);
  return 0;
};

function print(view: FleetView, io: Io): void {
  const paint = paintFor(io.colour);
  const rows = view.services.flatMap((service) =>
    service.instances.map((instance) => [
      instance.id,
      instance.state,
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
    `${paint.bold(view.name)} (${view.environment}), gateway ${view.gateway ?? "not ready"}, registry ${view.registry ?? "off"}\n\n`,
  );
  io.out(`${paint.dim(line(head))}\n${rows.map((row) => `${line(row)}\n`).join("")}`);
}
