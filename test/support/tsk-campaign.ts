import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { messageOf, type Random, seededRandom, systemClock } from "../../src/kernel/index.ts";
import {
  type Document,
  format,
  kind,
  type Loaded,
  type LoadOptions,
  loadDocument,
  parse,
  print,
  renderDiagnostics,
  repaired,
} from "../../src/tsk/index.ts";
import { type Input, keep, kept } from "./tsk-found.ts";

const golden = join(import.meta.dirname, "../golden/tsk");

const corpus = readdirSync(golden, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".tsk"))
  .map(
    (file) =>
      readFileSync(join(golden, file), "utf8").split(/^=== (?:value|error|warning|origin)$/m, 1)[0] ?? "",
  );

const pieces = [
  ..."{}[]()<>:=,;.\"'#$@?!+-*/%|&\\\n\t ",
  '"""',
  "'''",
  "${",
  "\r\n",
  "\n  ",
  "\n- ",
  ": |\n",
  "<<A\n",
  "=> ",
  "@include ",
  '@env("X", 1)',
  "@append([1])",
  "@merge(a, b)",
  "a.b",
  "30s",
  "1-2",
  "😀",
  "\ufeff",
  "\ud800",
  "#!tusker 1\n",
  "yes",
];

/**
 * Texts made of the golden cases by random changes, for so many seconds: each gives a value or diagnostics, and what holds
 * for every text holds. What does not is kept in a folder, all of which is tried again before anything else.
 *
 * @param target what each input must pass, and where one is kept that does not; default the language, beside its golden cases
 */
export function tskCampaign(seconds: number, seed: number, target: CampaignTarget = language): Tried {
  for (const { file, input } of kept(target.folder)) attempt(input, target, () => `found before, ${file}`);
  const random = seededRandom(seed);
  const tryOne = (): void => {
    for (const input of target.inputs(mutated(random), random))
      attempt(input, target, () => `kept as ${keep(input, target.folder)}`);
  };
  // While the engine compiles what it runs, a text takes several times as long: that says nothing of those that follow.
  for (let first = 0; first < 20; first++) tryOne();
  const end = systemClock.now() + seconds * 1000;
  const start = process.cpuUsage();
  let texts = 0;
  for (; systemClock.now() < end; texts++) tryOne();
  const { user, system } = process.cpuUsage(start);
  return { texts, perSecond: texts / ((user + system) / 1_000_000) };
}

/** How many texts there were, but for the first twenty, and how many in a second of processor time. */
export interface Tried {
  readonly texts: number;
  readonly perSecond: number;
}

function attempt(input: Input, target: CampaignTarget, where: () => string): void {
  try {
    target.check(input);
  } catch (error) {
    assert.fail(`${messageOf(error)}\n${inspect(input)}\n${where()}`);
  }
}

/** What a campaign tries inputs on. */
export interface CampaignTarget {
  /** What is tried of a text. */
  readonly inputs: (text: string, random: Random) => readonly Input[];
  /** Throws when an input does not pass. */
  readonly check: (input: Input) => void;
  /** Where one that does not is kept. */
  readonly folder: string;
}

const language: CampaignTarget = {
  inputs(text, random) {
    const all: Input[] = [
      { kind: "text", text },
      { kind: "bytes", bytes: spoiled(text, random) },
    ];
    if (random.below(4) === 0)
      all.push({ kind: "secret", text, line: random.below(text.split("\n").length) });
    return [...all, { kind: "layers", text, over: mutated(random) }];
  },
  check(input) {
    switch (input.kind) {
      case "text":
        return check(input.text);
      case "bytes":
        return checkBytes(input.bytes);
      case "secret":
        return checkSecret(input.text, input.line);
      case "layers":
        return checkLayers(input.text, input.over);
      default:
        return input satisfies never;
    }
  },
  folder: join(golden, "found"),
};

/** At least so many texts in a second of processor time, whatever else runs: fifty are usual, and fewer than these is a hang. */
export const leastTexts = 10;

function check(text: string): void {
  const start = process.cpuUsage();
  const loaded = load(text);
  assert.equal(print(parse(text)), text);
  renderDiagnostics(loaded.diagnostics, loaded.document.sources);
  checkPlaces(loaded.diagnostics, text);
  checkOrigins(loaded.document, text);
  checkFormat(text, loaded);
  load(repaired(text, loaded.diagnostics), { causes: "file" });
  // Of a busy machine the time of the clock says nothing.
  const { user, system } = process.cpuUsage(start);
  assert.ok(user + system < 5_000_000, `${(user + system) / 1000} ms of processor time`);
}

/** Bytes that are no text, in the middle of some that are. */
function spoiled(text: string, random: Random): Uint8Array {
  const whole = new TextEncoder().encode(text);
  // Half of them break off, perhaps in the middle of a character.
  const bytes = random.below(2) === 0 ? whole : whole.subarray(0, random.below(whole.length + 1));
  for (let times = random.below(4); times > 0 && bytes.length > 0; times--)
    bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

function checkBytes(bytes: Uint8Array): void {
  const { diagnostics, document } = load(bytes, { causes: causesOf(bytes.length) });
  renderDiagnostics(diagnostics, document.sources);
  checkPlaces(diagnostics, new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
}

function checkPlaces(diagnostics: Loaded["diagnostics"], text: string): void {
  for (const { start: from, end: to, line, column, fix } of diagnostics) {
    assert.ok(
      from >= 0 && from <= to && to <= text.length && line >= 1 && column >= 1,
      "a diagnostic is outside",
    );
    assert.ok(fix === undefined || (fix.start <= fix.end && fix.end <= text.length), "a repair is outside");
  }
}

/** What `@env.secure` reads is in nothing that is shown, whatever stands around the call. */
function checkSecret(text: string, line: number): void {
  const lines = text.split("\n");
  // No golden case reads this variable as plain text.
  const secret = "Zq7hunter2x";
  const { diagnostics, document } = load(
    lines.toSpliced(line, 0, 'pay_key: @env.secure("CAMPAIGN")').join("\n"),
    { env: { X: "2", CAMPAIGN: secret } },
  );
  const shown =
    renderDiagnostics(diagnostics, document.sources) + JSON.stringify([diagnostics, document.value]);
  assert.ok(!shown.includes(secret), "a secret is shown");
}

/** One text over another, and each including the other. */
function checkLayers(base: string, other: string): void {
  const files = new Map([
    ["main.tsk", `${base}\n@include "other.tsk"\n`],
    ["main.local.tsk", other],
    ["other.tsk", `@include "main.tsk"\n${other}`],
  ]);
  const { diagnostics, document } = loadDocument({
    entry: "main.tsk",
    readFile: (path) => files.get(path),
    env: { X: "2", TUSKER__A__B: other.slice(0, 20) },
    sets: [base.slice(0, 20)],
    causes: causesOf(base.length + other.length),
  });
  renderDiagnostics(diagnostics, document.sources);
}

/** How far causes are looked for: in the same input always as far, and in each of the ways in a third of them. */
function causesOf(length: number): LoadOptions["causes"] {
  return (["edits", "file", "none"] as const)[length % 3];
}

function load(text: string | Uint8Array, options: Pick<LoadOptions, "env" | "causes"> = {}): Loaded {
  const readFile = (path: string): string | Uint8Array | undefined =>
    path === "main.tsk" ? text : undefined;
  return loadDocument({ entry: "main.tsk", readFile, env: { X: "2", CAMPAIGN: "3" }, ...options });
}

/** Every leaf says where it is written, and that place is in the text. */
function checkOrigins(document: Document, text: string): void {
  const walk = (value: unknown, path: readonly PropertyKey[]): void => {
    if (
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value) &&
      document.keys(path).length > 0
    ) {
      for (const key of document.keys(path)) walk(Reflect.get(value, key), [...path, key]);
      return;
    }
    if (path.length === 0) return;
    const origin = document.origin(path)[0];
    if (origin !== undefined) assert.ok(origin.end <= text.length, "a value comes from outside of its text");
  };
  walk(document.value, []);
}

/** What is read without any complaint is written in one style, which means the same. */
function checkFormat(text: string, loaded: Loaded): void {
  const once = format(text);
  assert.equal(format(once), once, "format changes what it wrote");
  if (loaded.diagnostics.length > 0) return;
  const again = load(once);
  assert.deepEqual(again.diagnostics, [], "format writes what is wrong");
  assert.deepEqual(plain(again.document), plain(loaded.document), "format changes a value");
  assert.deepEqual(commentsOf(once), commentsOf(text), "format loses a comment");
}

function commentsOf(text: string): readonly string[] {
  const { tokens } = parse(text);
  const found: string[] = [];
  for (let at = 0; at < tokens.count; at++)
    // Line ends become LF, also those within a comment.
    if (tokens.kind(at) === kind.comment)
      found.push(
        text
          .slice(tokens.start(at), tokens.end(at))
          .trim()
          .replace(/(?<!\r)\r+\n/g, "\n"),
      );
  return found;
}

function plain(document: Document): unknown {
  return JSON.parse(JSON.stringify(document.value));
}

function mutated(random: Random): string {
  let text = pick(corpus, random);
  for (let times = 1 + random.below(4); times > 0; times--) {
    const at = random.below(text.length + 1);
    const to = Math.min(text.length, at + random.below(12));
    const other = pick(corpus, random);
    const from = random.below(other.length + 1);
    switch (random.below(8)) {
      case 0:
        text = text.slice(0, at) + text.slice(to);
        break;
      case 1:
        text = text.slice(0, at) + pick(pieces, random) + text.slice(at);
        break;
      case 2:
        text = text.slice(0, at) + pick(pieces, random) + text.slice(to);
        break;
      case 3:
        text = text.slice(0, at) + other.slice(from, from + random.below(80)) + text.slice(at);
        break;
      case 4:
        text = text.slice(0, at);
        break;
      case 5:
        text = text.slice(0, at) + other.slice(from);
        break;
      case 6:
        text = withLinesOf(text, other, random);
        break;
      default:
        text = text.slice(0, to) + text.slice(at);
    }
  }
  return text;
}

/** Some lines of a text, or none, with some of another in their place. */
function withLinesOf(text: string, other: string, random: Random): string {
  const [lines, others] = [text.split("\n"), other.split("\n")];
  const from = random.below(others.length);
  const taken = others.slice(from, from + 1 + random.below(6));
  return lines.toSpliced(random.below(lines.length), random.below(3), ...taken).join("\n");
}

function pick(from: readonly string[], random: Random): string {
  return from[random.below(from.length)] ?? "";
}
