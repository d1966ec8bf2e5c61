import type { Option } from "../command.ts";

// Options that several commands have, in the same words.

export const json: Option = { type: "boolean", help: "print JSON for machines" };
export const file: Option = {
  type: "string",
  short: "f",
  value: "FILE",
  help: "the fleet file; default tusker.tsk",
};
export const env: Option = {
  type: "string",
  value: "NAME",
  help: "environment overlay; default TUSKER_ENV, APP_ENV, then development",
};
export const set: Option = {
  type: "string",
  multiple: true,
  value: "PATH=VALUE",
  help: "override one value; may be repeated",
};
export const host = {
  plugin: {
    type: "string",
    multiple: true,
    value: "FILE",
    help: "module with operators or providers of secrets; may be repeated",
  },
  "allow-network": { type: "boolean", help: "let plugins ask the network while the file is read" },
} satisfies Readonly<Record<string, Option>>;
export const sealKey: Option = {
  type: "string",
  value: "PUBLIC",
  help: "public key to seal for; default: that of TUSKER_SECRET_KEY or TUSKER_SECRET_KEY_FILE",
};

export const registry: Option = {
  type: "string",
  value: "URL",
  help: "the registry; default: that of the fleet that runs here",
};
export const service: Option = { type: "string", value: "NAME", help: "keys are below config/NAME/" };
export const prefix: Option = { type: "string", value: "PREFIX", help: "what all keys begin with" };
export const author: Option = {
  type: "string",
  value: "NAME",
  help: "who wants it; default TUSKER_AUTHOR, then USER",
};
export const reason: Option = { type: "string", value: "TEXT", help: "why; kept with every version" };
export const dryRun: Option = { type: "boolean", help: "say what would change and change nothing" };
