import type { Command } from "../command.ts";
import { env, file, host, json, set } from "./options.ts";

/** What runs without a fleet. */
export const parts: readonly Command[] = [
  {
    name: "registry",
    summary: "run the registry alone",
    operands: "",
    maxOperands: 0,
    options: {
      json,
      port: { type: "string", value: "N", help: "default 8500" },
      "dns-port": {
        type: "string",
        value: "N",
        help: "of DNS, UDP and TCP; default 8600, with --port 0 any; 0: no DNS",
      },
      bind: { type: "string", value: "ADDRESS", help: "default 127.0.0.1" },
      "data-dir": { type: "string", value: "DIR", help: "folder of its database; default: all in memory" },
      tokens: {
        type: "string",
        value: "FILE",
        help: "tokens and what each allows, as JSON; only its owner may read it",
      },
      "enable-script-checks": {
        type: "boolean",
        help: "whoever registers an instance may have programs run; only on loopback",
      },
    },
    load: () => import("../commands/registry.ts"),
  },
  {
    name: "gateway",
    summary: "run the gateway alone; a changed file, or SIGHUP, is taken over without a pause",
    operands: "[file]",
    maxOperands: 1,
    options: {
      json,
      env,
      set,
      ...host,
      config: { type: "string", value: "FILE", help: "the file, as the operand" },
      port: {
        type: "string",
        value: "N",
        help: "port to listen on, in place of the file's; 0 for any free one",
      },
      workers: {
        type: "string",
        value: "N",
        help: "threads that share the port and all limits, in place of the file's",
      },
      settings: {
        type: "string",
        value: "FILE",
        help: "settings written by a supervisor, in place of a fleet file",
      },
    },
    load: () => import("../commands/gateway.ts"),
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
    load: () => import("../commands/collector.ts"),
  },
];

/** What a fleet gives to other programs. */
export const artefacts: readonly Command[] = [
  {
    name: "deploy",
    summary: "write a Dockerfile and compose.yaml that run the fleet in containers",
    operands: "[folder]",
    maxOperands: 1,
    options: {
      json,
      file,
      env,
      set,
      ...host,
      check: { type: "boolean", help: "write nothing; exit 1 if committed files differ" },
    },
    load: () => import("../commands/deploy.ts"),
  },
  {
    name: "lsp",
    summary: "answer an editor about .tsk files, on standard input and output",
    operands: "",
    maxOperands: 0,
    options: {
      json,
      plugin: host.plugin,
      stdio: { type: "boolean", help: "what it does anyway; editors ask for it by this name" },
    },
    load: () => import("../commands/lsp.ts"),
  },
];
