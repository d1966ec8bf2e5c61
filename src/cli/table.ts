import type { Command, Option } from "./command.ts";

const json: Option = { type: "boolean", help: "print JSON for machines" };
const file: Option = {
  type: "string",
  short: "f",
  value: "FILE",
  help: "the fleet file; default tusker.tsk",
};
const env: Option = {
  type: "string",
  value: "NAME",
  help: "environment overlay; default TUSKER_ENV, APP_ENV, then development",
};
const set: Option = {
  type: "string",
  multiple: true,
  value: "PATH=VALUE",
  help: "override one value; may be repeated",
};

/** Every command as data. Help, completion and docs/reference/cli.md come from here. */
export const commands: readonly Command[] = [
  {
    name: "up",
    summary: "run the fleet: registry, collector, services, gateway",
    operands: "[file]",
    maxOperands: 1,
    options: { json, env, set, "free-ports": { type: "boolean", help: "take any free port for everything" } },
    load: () => import("./commands/up.ts"),
  },
  {
    name: "init",
    summary: "write a first fleet with one service",
    operands: "[folder]",
    maxOperands: 1,
    options: { json },
    load: () => import("./commands/init.ts"),
  },
  {
    name: "check",
    summary: "read the fleet file and report everything that is wrong with it",
    operands: "[file]",
    maxOperands: 1,
    options: { json, env, set },
    load: () => import("./commands/check.ts"),
  },
  {
    name: "config",
    summary: "render the merged configuration, or explain where a value comes from",
    operands: "render|explain [path]",
    maxOperands: 2,
    options: { json, file, env, set },
    load: () => import("./commands/config.ts"),
  },
  {
    name: "ps",
    summary: "list the running services",
    operands: "",
    maxOperands: 0,
    options: { json, file },
    load: () => import("./commands/ps.ts"),
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
    load: () => import("./commands/logs.ts"),
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
    load: () => import("./commands/traces.ts"),
  },
  {
    name: "call",
    summary: "call a service by its REST path through discovery",
    operands: "service [METHOD] path",
    maxOperands: 3,
    options: { json, file, data: { type: "string", short: "d", value: "JSON", help: "request body" } },
    load: () => import("./commands/call.ts"),
  },
  {
    name: "stop",
    summary: "stop one service, or the whole fleet",
    operands: "[service]",
    maxOperands: 1,
    options: { json, file },
    load: () => import("./commands/stop.ts"),
  },
  {
    name: "restart",
    summary: "stop a service and start it again",
    operands: "service",
    maxOperands: 1,
    options: { json, file },
    load: () => import("./commands/restart.ts"),
  },
  {
    name: "registry",
    summary: "run the registry alone",
    operands: "",
    maxOperands: 0,
    options: {
      json,
      port: { type: "string", value: "N", help: "default 8500" },
      bind: { type: "string", value: "ADDRESS", help: "default 127.0.0.1" },
      "data-dir": { type: "string", value: "DIR", help: "folder of its database; default: all in memory" },
    },
    load: () => import("./commands/registry.ts"),
  },
  {
    name: "gateway",
    summary: "run the gateway alone, against a registry that already runs",
    operands: "[file]",
    maxOperands: 1,
    options: {
      json,
      env,
      set,
      settings: {
        type: "string",
        value: "FILE",
        help: "settings written by a supervisor, in place of a fleet file",
      },
    },
    load: () => import("./commands/gateway.ts"),
  },
  {
    name: "collector",
    summary: "run the collector alone",
    operands: "",
    maxOperands: 0,
    options: {
      json,
      bind: { type: "string", value: "ADDRESS", help: "default 127.0.0.1" },
      "otlp-port": { type: "string", value: "N", help: "default 4318" },
      "zipkin-port": { type: "string", value: "N", help: "default 9411" },
      "jaeger-port": { type: "string", value: "N", help: "default 14268" },
    },
    load: () => import("./commands/collector.ts"),
  },
  {
    name: "deploy",
    summary: "write a Dockerfile, compose.yaml and Prometheus configuration for the fleet",
    operands: "[folder]",
    maxOperands: 1,
    options: {
      json,
      file,
      env,
      set,
      check: { type: "boolean", help: "write nothing; exit 1 if committed files differ" },
    },
    load: () => import("./commands/deploy.ts"),
  },
];
