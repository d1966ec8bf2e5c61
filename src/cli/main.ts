import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { messageOf, systemCode, TuskerError, toProblem, toTuskerError } from "../kernel/index.ts";
import type { Args, Command, Io } from "./command.ts";
import { commandHelp, overviewHelp } from "./help.ts";
import { commands } from "./table.ts";

/**
 * Runs a command line and gives the exit code: 0 fine, 1 the answer is no, 2 wrong use.
 *
 * @param argv what follows `tusker`
 */
export async function main(argv: readonly string[], io: Io = terminal()): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "help" && rest[0] !== undefined) return main([rest[0], "--help"], io);
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    io.out(overviewHelp(commands));
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    io.out(`${version()}\n`);
    return 0;
  }
  const command = commands.find((one) => one.name === name);
  if (command === undefined) return unknownCommand(name, io);
  if (rest.includes("--help") || rest.includes("-h")) {
    io.out(commandHelp(command));
    return 0;
  }
  let args: Args;
  try {
    args = sortArgs(command, rest);
  } catch (error) {
    io.err(`tusker ${name}: ${await usageText(command, error)}\n\n${commandHelp(command)}`);
    return 2;
  }
  try {
    const { run } = await command.load();
    return await run(args, io);
  } catch (error) {
    return report(toTuskerError(error), args, io);
  }
}

function report(error: TuskerError, args: Args, io: Io): number {
  if (args.flag("json")) io.err(`${JSON.stringify(toProblem(error))}\n`);
  else io.err(`tusker: ${error.message} (${error.code})\n`);
  // A failure of our own code deserves its stack; an answer does not.
  if (error.code === "KERNEL_INTERNAL" && error.cause instanceof Error)
    io.err(`${error.cause.stack ?? ""}\n`);
  return error.code === "CLI_USAGE" ? 2 : 1;
}

function sortArgs(command: Command, argv: readonly string[]): Args {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: command.options,
    allowPositionals: true,
    strict: true,
  });
  if (positionals.length > command.maxOperands) {
    throw new TuskerError("CLI_USAGE", `"${positionals[command.maxOperands] ?? ""}" is one word too many`);
  }
  const listOf = (name: string): readonly string[] =>
    [values[name] ?? []].flat().filter((one) => typeof one === "string");
  return {
    positionals,
    flag: (name) => values[name] === true,
    text: (name) => listOf(name).at(-1),
    list: listOf,
  };
}

/** Node's own words for a wrong option speak of positional arguments; ours name the option that was meant. */
async function usageText(command: Command, error: unknown): Promise<string> {
  const option = /^Unknown option '(--?[^']+)'/.exec(messageOf(error))?.[1];
  if (option === undefined) return messageOf(error);
  const { didYouMean } = await import("../tsk/index.ts");
  const near = didYouMean(option.replace(/^--?/, ""), Object.keys(command.options));
  return `there is no option ${option}${near === undefined ? "" : `; did you mean --${near}?`}`;
}

async function unknownCommand(name: string, io: Io): Promise<number> {
  const { didYouMean } = await import("../tsk/index.ts");
  const near = didYouMean(
    name,
    commands.map((one) => one.name),
  );
  io.err(
    `tusker: there is no command "${name}"${near === undefined ? "" : `; did you mean "${near}"?`}\nRun \`tusker help\` for the list.\n`,
  );
  return 2;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}

function terminal(): Io {
  const { env } = process;
  // A reader that went away (`| head`) is no failure: what follows is written to nobody.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (systemCode(error) !== "EPIPE") throw error;
    });
  }
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env,
    cwd: process.cwd(),
    // https://no-color.org
    colour: (env.NO_COLOR ?? "") === "" && (process.stdout.isTTY || (env.FORCE_COLOR ?? "") !== ""),
    width: process.stdout.columns ?? 100,
  };
}
