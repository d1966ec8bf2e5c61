import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { PublicationStep, Published } from "../../../discovery/index.ts";
import { messageOf, TuskerError } from "../../../kernel/index.ts";
import type { Args, Io, Run } from "../../command.ts";
import { memberLines } from "../../json-lines.ts";
import { authorshipOptions, openConfiguration, prefixOption } from "./registry-option.ts";

/** Writes keys of a registry at once or not at all. */
export const run: Run = async (args, io) => {
  const by = authorshipOptions(args, io);
  const { steps, placeOf } = orderOf(args, io);
  await using open = await openConfiguration(args, io);
  return report(await open.configuration.publish({ ...by, steps }), args, io, placeOf);
};

/** Where a key was written, to be said behind it; empty: on the command line. */
type PlaceOf = (key: string) => string;

/** Says what came of an order. 1: nothing was changed. */
export function report(published: Published, args: Args, io: Io, placeOf: PlaceOf = () => ""): number {
  if (args.flag("json")) io.out(`${JSON.stringify(published)}\n`);
  else io.out(`${linesOf(published, placeOf).join("\n")}\n`);
  return published.kind === "done" ? 0 : 1;
}

function linesOf(published: Published, placeOf: PlaceOf): string[] {
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
          ({ key, found }) =>
            `  ${key}${placeOf(key)} is ${found === "absent" ? found : `at version ${found}`}`,
        ),
      ];
    case "invalid":
      return [
        "nothing was changed; the schema refuses it:",
        ...published.problems.map(({ key, message }) => `  ${key}${placeOf(key)}: ${message}`),
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
function orderOf(args: Args, io: Io): { readonly steps: PublicationStep[]; readonly placeOf: PlaceOf } {
  const prefix = prefixOption(args);
  const from = args.text("from");
  const file = from === undefined ? undefined : readObject(resolve(io.cwd, from));
  const steps = [
    ...(file === undefined ? [] : [...leaves(file.value, "")]),
    ...args.positionals.map(assignment),
    ...args.list("delete").map((key): PublicationStep => ({ key, value: undefined })),
  ];
  if (steps.length === 0) {
    throw new TuskerError("CLI_USAGE", "publish needs KEY=VALUE, --from FILE or --delete KEY");
  }
  const lines = file === undefined ? new Map<string, number>() : memberLines(file.text);
  return {
    steps: steps.map((step) => ({ ...step, key: `${prefix}${step.key}` })),
    placeOf(key) {
      const line = lines.get(key.slice(prefix.length).replace(/\/$/, ""));
      return line === undefined ? "" : ` (${from}:${line})`;
    },
  };
}

function assignment(text: string): PublicationStep {
  const mark = text.indexOf("=");
  if (mark > 0) return { key: text.slice(0, mark), value: text.slice(mark + 1) };
  throw new TuskerError("CLI_USAGE", `"${text}" is no KEY=VALUE`);
}

function readObject(path: string): { readonly value: object; readonly text: string } {
  try {
    const text = readFileSync(path, "utf8");
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { value, text };
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
