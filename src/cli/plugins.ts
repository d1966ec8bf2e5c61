import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { LoadFleetOptions } from "../fleet/index.ts";
import { messageOf, TuskerError } from "../kernel/index.ts";
import type { OperatorPlugin, SecretProvider } from "../tsk/index.ts";
import type { Args, Io } from "./command.ts";

type Host = Pick<LoadFleetOptions, "operators" | "secrets" | "network">;

/**
 * What the command line brings to the language: operators and providers of secrets that the modules of `--plugin`
 * export, and with `--allow-network` the permission to ask one. No file can give either.
 *
 * @throws TuskerError CLI_USAGE
 */
export function hostOf(args: Args, io: Io): Host {
  const exported = args.list("plugin").flatMap((file) => exportsOf(file, io));
  return {
    operators: exported.filter(isOperator),
    secrets: exported.filter(isProvider),
    network: args.flag("allow-network"),
  };
}

/** Everything a module exports that is a plugin, lists of them too. */
function exportsOf(file: string, io: Io): readonly unknown[] {
  const path = resolve(io.cwd, file);
  let module: unknown;
  try {
    module = createRequire(path)(path);
  } catch (error) {
    throw new TuskerError("CLI_USAGE", `--plugin ${file} cannot be loaded: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const values: readonly unknown[] =
    typeof module === "object" && module !== null ? Object.values(module) : [];
  const found = values.flat().filter((one) => isOperator(one) || isProvider(one));
  if (found.length > 0) return found;
  const wanted = "an operator (defineOperator of tusker/tsk) or a provider of secrets";
  throw new TuskerError("CLI_USAGE", `--plugin ${file} exports neither ${wanted}`);
}

function isOperator(value: unknown): value is OperatorPlugin {
  return isRecord(value) && typeof value.name === "string" && isRecord(value.row) && isClass(value.class);
}

function isProvider(value: unknown): value is SecretProvider {
  return (
    isRecord(value) &&
    typeof value.scheme === "string" &&
    typeof value.read === "function" &&
    (value.class === "local" || value.class === "network")
  );
}

function isClass(value: unknown): boolean {
  return value === "pure" || value === "local" || value === "network";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
