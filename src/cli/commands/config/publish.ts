import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { PublicationStep, Published } from "../../../discovery/index.ts";
import { messageOf, TuskerError } from "../../../kernel/index.ts";
import type { Args, Io, Run } from "../../command.ts";
import { authorshipOptions, openConfiguration, prefixOption } from "../../registry-option.ts";

/** Writes keys of a registry at once or not at all. */
export const run: Run = async (args, io) => {
  const by = authorshipOptions(args, io);
  const steps = stepsOf(args, io);
  await using open = await openConfiguration(args, io);
  return report(await open.configuration.publish({ ...by, steps }), args, io);
};

/** Says what came of an order. 1: nothing was changed. */
export function report(published: Published, args: Args, io: Io): number {
  if (args.flag("json")) io.out(`${JSON.stringify(published)}\n`);
  else io.out(`${linesOf(published).join("\n")}\n`);
  return published.kind === "done" ? 0 : 1;
}

function linesOf(published: Published): string[] {
  switch (published.kind) {
    case "done": {
      const { version, written, removed } = published;
      const head = version === undefined ? "would change" : `version ${version}`;
      const keys = [...written.map((key) => `  + ${key}`), ...removed.map((key) => `  - ${key}`)];
      return [keys.length === 0 ? `${head}: nothing differs` : `${head}:`, ...keys];
    }
    case "conflict":
      return [
        "nothing was changed; these keys are not what was expected:",
        ...published.keys.map(
          ({ key, found }) => `  ${key} is ${found === "absent" ? found : `at version ${found}`}`,
        ),
      ];
    case "invalid":
      return [
        "nothing was changed; the schema refuses it:",
        ...published.problems.map(({ key, message }) => `  ${key}: ${message}`),
      ];
    case "unknown":
      return [
        "nothing was changed; what these keys were then is not known (`tusker config history` lists what is):",
        ...published.keys.map((key) => `  ${key}`),
      ];
    default:
      return published satisfies never;
  }
}

/** @throws TuskerError CLI_USAGE */
function stepsOf(args: Args, io: Io): PublicationStep[] {
  const prefix = prefixOption(args);
  const from = args.text("from");
  const steps = [
    ...(from === undefined ? [] : [...leaves(readObject(resolve(io.cwd, from)), "")]),
    ...args.positionals.map(assignment),
    ...args.list("delete").map((key): PublicationStep => ({ key, value: undefined })),
  ];
  if (steps.length === 0) {
    throw new TuskerError("CLI_USAGE", "publish needs KEY=VALUE, --from FILE or --delete KEY");
  }
  return steps.map((step) => ({ ...step, key: `${prefix}${step.key}` }));
}

function assignment(text: string): PublicationStep {
  const mark = text.indexOf("=");
  if (mark > 0) return { key: text.slice(0, mark), value: text.slice(mark + 1) };
  throw new TuskerError("CLI_USAGE", `"${text}" is no KEY=VALUE`);
}

function readObject(path: string): object {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw new TuskerError("CLI_USAGE", `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
  throw new TuskerError(
    "CLI_USAGE",
    `${path} holds no JSON object; its members become keys, nested ones with slashes`,
  );
}

/** One key per value: objects are folders; text stands as it is, everything else as JSON. */
function* leaves(folder: object, path: string): Generator<PublicationStep> {
  for (const [name, value] of Object.entries(folder)) {
    const key = `${path}${name}`;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) yield* leaves(value, `${key}/`);
    else yield { key, value: typeof value === "string" ? value : JSON.stringify(value) };
  }
}
