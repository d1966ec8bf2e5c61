import { complete, diagnostics, hover, type Snapshot, Workspace } from "../src/lsp/index.ts";
import type { Case } from "./subject.ts";

const file = "/nowhere/tusker.tsk";
const lines = fleetLines(5000);
const text = lines.join("\n");
const workspace = new Workspace({ env: {} });

/** The letters typed at the end of one key, in the middle of the file. */
const typed = "timeout_of_all".split("");
let letters = 0;

/** A fleet of so many lines: services of seven lines, each with a layer of configuration in it, and one section more. */
function fleetLines(count: number): string[] {
  const all = ["[fleet]", 'name: "large"', "", "[services]"];
  const end = ["[gateway]", "port: 8080"];
  for (let index = 0; all.length + 7 <= count - end.length; index++)
    all.push(
      `service-${index}: {`,
      `  version: "1.0.${index}"`,
      `  port: ${10_000 + index}`,
      '  health_endpoint: "/health"',
      `  dependencies: [${index === 0 ? "" : `"service-${index - 1}"`}]`,
      `  config: { database: { host: "localhost", port: 5432, database: "service-${index}" } }`,
      "}",
    );
  while (all.length < count - end.length) all.push("# a remark");
  return [...all, ...end];
}

/** One keystroke: the text as it is after the next letter. Gives where the cursor is. */
function type(into = text): number {
  letters = (letters + 1) % typed.length;
  const word = typed.slice(0, letters).join("");
  const at = into.indexOf("\n", into.length >> 1) + 1;
  workspace.put(file, `${into.slice(0, at)}${word}\n${into.slice(at)}`);
  return at + word.length;
}

/** The same fleet with three mistakes: a text that does not end, a key that has no value yet, a brace that is gone. */
function broken(): string {
  const service = lines.indexOf("service-300: {");
  const other = lines.indexOf("}", lines.indexOf("service-400: {"));
  return lines
    .with(service + 1, '  version: "1.0.300')
    .with(service + 2, "  por")
    .with(other, "")
    .join("\n");
}

function looked(snapshot: Snapshot | undefined): Snapshot {
  if (snapshot === undefined) throw new Error("the file is open");
  return snapshot;
}

const brokenText = broken();
workspace.put(file, text);
workspace.snapshot(file);
// An editor is measured in which somebody has been typing: the engine has compiled what a letter runs.
for (let times = 0; times < 60; times++) {
  type();
  workspace.snapshot(file);
}

/** What a letter asks for. Nobody else reads this language, so there is no peer. */
export const cases: readonly Case[] = [
  {
    name: "a letter, completed",
    ours: () => {
      const offset = type();
      return complete(looked(workspace.draft(file)), offset);
    },
    peers: {},
  },
  {
    name: "a letter beside three mistakes, completed",
    ours: () => {
      const offset = type(brokenText);
      return complete(looked(workspace.draft(file)), offset);
    },
    peers: {},
  },
  {
    name: "a letter, the whole fleet judged",
    ours: () => {
      type();
      return diagnostics(looked(workspace.snapshot(file)));
    },
    peers: {},
  },
  {
    // Nobody waits for it: the server judges such a file in a pause of typing.
    name: "a letter beside three mistakes, the whole fleet judged",
    ours: () => {
      type(brokenText);
      return diagnostics(looked(workspace.snapshot(file)));
    },
    peers: {},
  },
  { name: "hover", ours: () => hover(looked(workspace.snapshot(file)), text.length - 12), peers: {} },
];
