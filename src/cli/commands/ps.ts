import type { ConnectionsView, FleetView } from "../../control/index.ts";
import type { Io, Run } from "../command.ts";
import { controlClient } from "../control-client.ts";
import { runningFleet } from "../fleet-file.ts";
import { paintFor } from "../paint.ts";

/** Lists the processes of the running fleet, or who is connected to those of one service. */
export const run: Run = async (args, io) => {
  const running = runningFleet(args, io);
  await using control = controlClient(running);
  const [service] = args.positionals;
  if (service !== undefined) {
    const path = `/control/services/${encodeURIComponent(service)}/connections`;
    const views = (await control.get(path)) as readonly ConnectionsView[];
    if (args.flag("json")) io.out(`${JSON.stringify(views)}\n`);
    else printConnections(service, views, io);
    return 0;
  }
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
  io.out(
    `${paint.bold(view.name)} (${view.environment}), gateway ${view.gateway ?? "not ready"}, registry ${view.registry ?? "off"}\ndashboard ${link}\n\n`,
  );
  printTable(head, rows, io);
}

function printConnections(service: string, views: readonly ConnectionsView[], io: Io): void {
  const rows = views.flatMap(({ instance, connections }) =>
    connections.map((one) => [
      instance,
      one.remoteAddress,
      shown(one.ageMs),
      shown(one.quietMs),
      String(one.streams),
      `${one.streamsSucceeded}/${one.streamsFailed}`,
      `${one.messagesReceived}/${one.messagesSent}`,
      `${kibibytes(one.bytesReceived)}/${kibibytes(one.bytesSent)}`,
      String(one.keepalives),
      one.stalled ? `${one.stalls}, now` : String(one.stalls),
    ]),
  );
  if (rows.length === 0) io.out(`nobody is connected to ${service} over gRPC\n`);
  else printTable(connectionColumns, rows, io);
}

const connectionColumns: readonly string[] = [
  ...["INSTANCE", "CLIENT", "AGE", "QUIET", "CALLS", "OK/FAILED"],
  ...["MESSAGES IN/OUT", "KIB IN/OUT", "PINGS", "STALLS"],
];

function shown(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function kibibytes(bytes: number): string {
  return (bytes / 1_024).toFixed(1);
}

function printTable(head: readonly string[], rows: readonly (readonly string[])[], io: Io): void {
  const paint = paintFor(io.colour);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  io.out(`${paint.dim(line(head))}\n${rows.map((row) => `${line(row)}\n`).join("")}`);
}
