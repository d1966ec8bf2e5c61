import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { messageOf, systemCode, TuskerError, toProblem, toTuskerError } from "../kernel/index.ts";
import type { Args, Command, Io } from "./command.ts";
import { commandHelp, familyHelp, overviewHelp } from "./help.ts";
import { commands } from "./table.ts";

/**
 * Runs a command line and gives the exit code: 0 fine, 1 the answer is no, 2 wrong use.
 *
 * @param argv what follows `tusker`
 */
export async function main(argv: readonly string[], io: Io = terminal()): Promise<number> {
  const { name, command, rest } = find(argv);
  if (name === "help" && rest[0] !== undefined) return main([...rest, "--help"], io);
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    io.out(overviewHelp(commands));
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    io.out(`${version()}\n`);
    return 0;
  }
  if (command === undefined) return unknownCommand(name, rest, io);
  if (rest.includes("--help") || rest.includes("-h")) {
    io.out(commandHelp(command));
    return 0;
  }
  let args: Args;
  try {
    args = sortArgs(command, rest);
  } catch (error) {
    const said = await usageText(command, error);
    // Who asked for JSON reads nothing else, and has no use for the help.
    if (rest.includes("--json"))
      io.err(`${JSON.stringify(toProblem(new TuskerError("CLI_USAGE", `${name}: ${said}`)))}\n`);
    else io.err(`tusker ${name}: ${said}\n\n${commandHelp(command)}`);
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
    const word = positionals[command.maxOperands] ?? "";
    const hint = word.endsWith(".tsk") && "file" in command.options ? "; a file is named with --file" : "";
    throw new TuskerError("CLI_USAGE", `"${word}" is one word too many${hint}`);
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

/** The command a line begins with: one word, or two where the first is a family, as in `config fmt`. */
function find(argv: readonly string[]): {
  readonly name: string | undefined;
  readonly command: Command | undefined;
  readonly rest: readonly string[];
} {
  const [name, second, ...others] = argv;
  const pair = commands.find((one) => one.name === `${name} ${second}`);
  if (pair !== undefined) return { name: pair.name, command: pair, rest: others };
  return { name, command: commands.find((one) => one.name === name), rest: argv.slice(1) };
}

/** What the tools of the field call our commands. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ...["start", "run", "dev", "serve"].map((word) => [word, "up"] as const),
  ...["down", "kill"].map((word) => [word, "stop"] as const),
  ...["validate", "lint"].map((word) => [word, "check"] as const),
  ...["status", "list", "ls"].map((word) => [word, "ps"] as const),
  ...["fmt", "format"].map((word) => [word, "config fmt"] as const),
  ...["new", "create"].map((word) => [word, "init"] as const),
  ...["explain", "render", "diff", "migrate", "convert"].map((word) => [word, `config ${word}`] as const),
]);

async function unknownCommand(name: string, rest: readonly string[], io: Io): Promise<number> {
  const [verb] = rest;
  const family = commands.filter((one) => one.name.startsWith(`${name} `));
  if (family.length > 0 && (verb === undefined || verb.startsWith("-"))) {
    io.out(familyHelp(name, family));
    return verb === undefined ? 2 : 0;
  }
  const { didYouMean } = await import("../tsk/index.ts");
  const asked = family.length > 0 ? `${name} ${verb}` : name;
  const near =
    elsewhere.get(asked) ??
    didYouMean(
      asked,
      (family.length > 0 ? family : commands).map((one) => one.name),
    );
  const help = family.length > 0 ? `tusker ${name} --help` : "tusker help";
  const said = `there is no command "${asked}"${near === undefined ? "" : `; did you mean "${near}"?`}`;
  if (rest.includes("--json")) io.err(`${JSON.stringify(toProblem(new TuskerError("CLI_USAGE", said)))}\n`);
  else io.err(`tusker: ${said}\nRun \`${help}\` for the list.\n`);
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
  const onLost = lostOutput();
  for (const stream of [process.stdout, process.stderr]) stream.on("error", onLost);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    input: async () => (await import("./standard-input.ts")).standardInput(process.stdin),
    env,
    cwd: process.cwd(),
    colour: wantsColour(process.stdout, env),
    errColour: wantsColour(process.stderr, env),
    width: process.stdout.columns ?? 100,
  };
}

/** A terminal does, unless https://no-color.org says no; FORCE_COLOR speaks for whoever shows colours and is no terminal. */
function wantsColour({ isTTY }: { readonly isTTY: boolean }, env: Io["env"]): boolean {
  return (env.NO_COLOR ?? "") === "" && (isTTY || (env.FORCE_COLOR ?? "") !== "");
}

/**
 * A reader that went away (`| head`) is no failure: what follows is written to nobody. A disk that is full is one, told once;
 * it ends no fleet that runs.
 */
function lostOutput(): (error: Error) => void {
  let told = false;
  return (error) => {
    if (systemCode(error) === "EPIPE" || told) return;
    told = true;
    process.once("exit", () => {
      process.exitCode ||= 1;
    });
    process.stderr.write(`tusker: cannot write the output: ${error.message} (CLI_CANNOT_WRITE)\n`);
  };
}
