import type { Command, Option } from "./command.ts";

/** The page of `tusker help`. */
export function overviewHelp(commands: readonly Command[]): string {
  return [
    "tusker runs a fleet of microservices from one TuskLang file.",
    "",
    "Usage: tusker <command> [options]",
    "",
    ...rows(commands),
    "",
    "Exit codes: 0 fine, 1 the answer is no, 2 wrong use. `tusker <command> --help` tells more.",
    "",
  ].join("\n");
}

/** The page of the commands that begin with one word. */
export function familyHelp(name: string, family: readonly Command[]): string {
  return [`Usage: tusker ${name} <command> [options]`, "", ...rows(family), ""].join("\n");
}

/** The page of one command. */
export function commandHelp(command: Command): string {
  const options = Object.entries(command.options).map(
    ([name, option]) => [nameOf(name, option), option.help] as const,
  );
  const width = Math.max(0, ...options.map(([name]) => name.length));
  return [
    `tusker ${command.name}: ${command.summary}`,
    "",
    `Usage: tusker ${[command.name, command.operands].filter((word) => word !== "").join(" ")}${options.length === 0 ? "" : " [options]"}`,
    ...(options.length === 0
      ? []
      : ["", ...options.map(([name, help]) => `  ${name.padEnd(width)}  ${help}`)]),
    "",
  ].join("\n");
}

/** docs/reference/cli.md. */
export function referencePage(commands: readonly Command[]): string {
  const sections = commands.map((command) => `## ${command.name}\n\n\`\`\`\n${commandHelp(command)}\`\`\`\n`);
  return `# Commands\n\nWritten from \`src/cli/table.ts\`; a test compares the two. Exit codes: 0 fine, 1 the answer is no, 2 wrong use.\n\n${sections.join("\n")}`;
}

function rows(commands: readonly Command[]): readonly string[] {
  const width = Math.max(...commands.map((one) => one.name.length));
  return commands.map((one) => `  ${one.name.padEnd(width)}  ${one.summary}`);
}

function nameOf(name: string, option: Option): string {
  const short = option.short === undefined ? "" : `-${option.short}, `;
  return `${short}--${name}${option.value === undefined ? "" : ` ${option.value}`}`;
}
