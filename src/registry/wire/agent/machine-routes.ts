import { arch, cpus, freemem, hostname, platform, release, totalmem, uptime } from "node:os";
import type { HeaderList } from "../../../net/index.ts";
import { refusal } from "../refusal.ts";
import {
  json,
  leaderHeaders,
  type Reply,
  type Route,
  refuseMalformed,
  type Wire,
  type WireRequest,
} from "../route.ts";
import { wireVersion } from "./self-routes.ts";

/** `/v1/agent/metrics|host|version` and `/v1/coordinate/…`: the machine and the process behind the wire. */
export function machineRoutes(wire: Wire): readonly Route[] {
  const { identity } = wire;
  const mayRead = ({ access }: Pick<WireRequest, "access">): boolean =>
    access.can("agent", identity.node, "read");
  const empty = (path: string, headers: HeaderList = []): Route => ({
    verb: "GET",
    path,
    guard: "inside",
    run(request) {
      refuseMalformed(wire, request);
      return { ...json([]), headers };
    },
  });
  return [
    { verb: "GET", path: "/v1/agent/metrics", guard: mayRead, run: ({ query }) => metrics(wire, query) },
    { verb: "GET", path: "/v1/agent/host", guard: mayRead, run: () => json(host(wire)) },
    {
      verb: "GET",
      path: "/v1/agent/version",
      guard: mayRead,
      run: () => json({ SHA: "", BuildDate: "", HumanVersion: wireVersion, FIPS: "" }),
    },
    // Everything is in one place: there is nowhere to measure distances to.
    empty("/v1/coordinate/datacenters"),
    empty("/v1/coordinate/nodes", leaderHeaders(1, true)),
  ];
}

/** What is counted, and what it is called. */
const gauges = [
  ["index", "Index of the last change"],
  ["instances", "Registered instances"],
  ["checks", "Checks run here"],
  ["waiting", "Blocking queries waiting"],
  ["watching", "Delta streams open"],
  ["leases", "Leases held"],
] as const;
const counters = [["refused", "Blocking queries turned away"]] as const;

function metrics({ stats, connections, clock }: Wire, query: URLSearchParams): Reply {
  const format = query.get("format") ?? "";
  const now = stats();
  if (format === "prometheus") {
    const lines = [
      ...gauges.flatMap(([name, help]) => sample(`tusker_registry_${name}`, "gauge", help, now[name])),
      ...counters.flatMap(([name, help]) =>
        sample(`tusker_registry_${name}_total`, "counter", help, now[name]),
      ),
    ];
    const type = "text/plain; version=0.0.4; charset=utf-8";
    const text = `${lines.join("\n")}\n${connections.render()}`;
    return { status: 200, content: { kind: "text", text, type } };
  }
  if (format !== "")
    throw refusal(400, `Invalid format "${format}": leave it out for JSON, or say prometheus`);
  return json({
    Timestamp: new Date(clock.wall()).toISOString(),
    Gauges: gauges.map(([name]) => ({ Name: `tusker.registry.${name}`, Value: now[name], Labels: {} })),
    Points: [],
    Counters: counters
      .map(([name]) => ({
        Name: `tusker.registry.${name}`,
        Count: now[name],
        Sum: now[name],
        Labels: {},
      }))
      .concat(
        Array.from(connections.limits, ([limit, count]) => ({
          ...{ Name: "tusker.registry.connection_limits", Count: count, Sum: count, Labels: { limit } },
        })),
        Array.from(connections.malformed, ([clause, count]) => ({
          ...{ Name: "tusker.registry.malformed_requests", Count: count, Sum: count, Labels: { clause } },
        })),
      ),
    Samples: [],
  });
}

function sample(name: string, type: string, help: string, value: number): string[] {
  return [`# HELP ${name} ${help}.`, `# TYPE ${name} ${type}`, `${name} ${value}`];
}

function host({ clock }: Wire): object {
  const [total, free] = [totalmem(), freemem()];
  return {
    Memory: { total, available: free, used: total - free, usedPercent: ((total - free) / total) * 100 },
    CPU: cpus().map(({ model, speed }, cpu) => ({ cpu, modelName: model, mhz: speed })),
    Host: {
      hostname: hostname(),
      uptime: Math.floor(uptime()),
      os: platform(),
      kernelVersion: release(),
      kernelArch: arch(),
    },
    Disk: null,
    CollectionTime: Math.floor(clock.wall() * 1e6),
    Errors: null,
  };
}
