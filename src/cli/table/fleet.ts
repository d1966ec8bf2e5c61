import type { Command } from "../command.ts";
import { env, file, host, json, set } from "./options.ts";

/** What one does before a fleet runs, and to run it. */
export const beginning: readonly Command[] = [
  {
    name: "up",
    summary: "run the fleet: registry, collector, services, gateway",
    operands: "[file]",
    maxOperands: 1,
    options: {
      json,
      env,
      set,
      ...host,
      "free-ports": { type: "boolean", help: "take any free port for everything" },
    },
    load: () => import("../commands/up.ts"),
  },
  {
    name: "init",
    summary: "write a first fleet with one service",
    operands: "[folder]",
    maxOperands: 1,
    options: { json },
    load: () => import("../commands/init.ts"),
  },
  {
    name: "check",
    summary: "read the fleet file, or with - standard input, and report everything that is wrong with it",
    operands: "[file|-]",
    maxOperands: 1,
    options: { json, env, set, ...host },
    load: () => import("../commands/check.ts"),
  },
];

/** What one does with a fleet that runs. */
export const running: readonly Command[] = [
  {
    name: "ps",
    summary: "list the running services; with one, who is connected to it over gRPC",
    operands: "[service]",
    maxOperands: 1,
    options: { json, file },
    load: () => import("../commands/ps.ts"),
  },
  {
    name: "logs",
    summary: "print what services wrote",
    operands: "[service]",
    maxOperands: 1,
    options: {
      json,
      file,
      follow: { type: "boolean", help: "go on printing as lines come" },
      lines: { type: "string", short: "n", value: "N", help: "how many past lines; default 100" },
    },
    load: () => import("../commands/logs.ts"),
  },
  {
    name: "traces",
    summary: "list traces, or show one as a waterfall",
    operands: "[trace id]",
    maxOperands: 1,
    options: {
      json,
      file,
      service: { type: "string", value: "NAME", help: "only traces this service took part in" },
      errors: { type: "boolean", help: "only traces with an error" },
      limit: { type: "string", short: "n", value: "N", help: "how many; default 20" },
    },
    load: () => import("../commands/traces.ts"),
  },
  {
    name: "call",
    summary: "call a service by its REST path through discovery",
    operands: "service [METHOD] path",
    maxOperands: 3,
    options: { json, file, data: { type: "string", short: "d", value: "JSON", help: "request body" } },
    load: () => import("../commands/call.ts"),
  },
  {
    name: "stop",
    summary: "stop one service, or the whole fleet",
    operands: "[service]",
    maxOperands: 1,
    options: { json, file },
    load: () => import("../commands/stop.ts"),
  },
  {
    name: "restart",
    summary: "stop a service and start it again, its instances one after the other",
    operands: "service",
    maxOperands: 1,
    options: { json, file },
    load: () => import("../commands/restart.ts"),
  },
];
