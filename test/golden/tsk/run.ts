/**
 * Runs the conformance suite against any command:
 * `node test/golden/tsk/run.ts --command "node bin/tusker.js config render --json --layers --raw" [--only comments] [--host]`.
 * README.md beside it says what the command gets and what it must print; `--format` names the one that rewrites files in the one
 * style. Exits 1 when a case fails.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";

const here = import.meta.dirname;

if (import.meta.main) process.exitCode = main();

function main(): number {
  const { values } = parseArgs({
    options: {
      command: { type: "string" },
      format: { type: "string" },
      only: { type: "string", default: "" },
      host: { type: "boolean", default: false },
    },
  });
  if (values.command === undefined) {
    console.error('which implementation? give --command "program and arguments"');
    return 2;
  }
  const files = readdirSync(here, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".tsk") && file.startsWith(values.only))
    .sort();
  const cases = files.map((file) => ({ file, text: readFileSync(join(here, file), "utf8") }));
  const asked = values.host ? cases : cases.filter(({ text }) => !/^=== host$/m.test(text));
  let failed = 0;
  for (const { file, text } of asked) {
    const complaint = check(text, values.command) ?? checkStyle(text, values.format);
    if (complaint === undefined) continue;
    failed++;
    console.log(`not ok  ${file}: ${complaint}`);
  }
  if (asked.length < cases.length) console.log(`${cases.length - asked.length} cases need a host`);
  console.log(`${asked.length - failed} of ${asked.length} cases`);
  return failed === 0 && asked.length > 0 ? 0 : 1;
}

/** What is wrong with the answer of the command; undefined when nothing is. */
function check(text: string, command: string): string | undefined {
  const [main = "", ...parts] = text.split(/^=== /m);
  const body = (head: string): string | undefined =>
    parts.find((part) => part.startsWith(`${head}\n`))?.slice(head.length + 1);
  const lines = (head: string): readonly string[] => (body(head) ?? "").split("\n").filter((line) => line !== "");
  const files = parts.flatMap((part) => {
    const [, name, content] = /^file (.*)\n([^]*)$/.exec(part) ?? [];
    return name === undefined ? [] : [[name.trim(), content ?? ""] as const];
  });
  const bytes = parts.flatMap((part) => {
    const [, name, content = ""] = /^bytes (.*)\n([^]*)$/.exec(part) ?? [];
    return name === undefined ? [] : [[name.trim(), bytesOf(content)] as const];
  });
  const environment = parts.flatMap((part) => /^environment (.*)/.exec(part)?.[1] ?? [])[0];
  const answer = ask(command, [["main.tsk", main], ...files, ...bytes], lines("env"), [
    ...(environment === undefined ? [] : ["--env", environment.trim()]),
    ...lines("set").flatMap((set) => ["--set", set]),
  ]);
  if (typeof answer === "string") return answer;
  const exit = lines("error").length > 0 ? 1 : 0;
  if (answer.status !== exit) return `exit ${answer.status}, expected ${exit}`;
  for (const severity of ["error", "warning"]) {
    const expected = lines(severity).map((line) => line.split(" ", 2).join(" "));
    const found = answer.diagnostics.filter((one) => one.severity === severity).map(placeOf);
    if (!isDeepStrictEqual(found, expected)) return `${severity}s ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`;
  }
  const value = body("value");
  if (value === undefined || lines("error").length > 0) return undefined;
  if (isDeepStrictEqual(answer.value, JSON.parse(value))) return undefined;
  return `value ${JSON.stringify(answer.value)}`;
}

/** What is wrong with the style of the base file after the command rewrote it; undefined when nothing is, or nothing is asked. */
function checkStyle(text: string, command: string | undefined): string | undefined {
  const [main = "", ...parts] = text.split(/^=== /m);
  const expected = parts.find((part) => part.startsWith("formatted\n"))?.slice("formatted\n".length);
  if (command === undefined || expected === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "tsk-suite-"));
  try {
    writeFileSync(join(folder, "main.tsk"), main);
    const [program = "", ...rest] = command.split(" ").filter((word) => word !== "");
    spawnSync(program, [...rest.map(absolute), "main.tsk"], { cwd: folder, env: { PATH: process.env["PATH"] } });
    const found = readFileSync(join(folder, "main.tsk"), "utf8");
    return found === expected ? undefined : `style ${JSON.stringify(found)}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Found {
  readonly code: string;
  readonly severity: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface Answer {
  readonly status: number;
  readonly value: unknown;
  readonly diagnostics: readonly Found[];
}

function placeOf({ code, file, line, column }: Found): string {
  return `${file === "main.tsk" ? "" : `${file}:`}${line}:${column} ${code}`;
}

function ask(
  command: string,
  files: readonly (readonly [name: string, content: string | Uint8Array])[],
  env: readonly string[],
  args: readonly string[],
): Answer | string {
  const folder = mkdtempSync(join(tmpdir(), "tsk-suite-"));
  try {
    for (const [name, content] of files) {
      const path = resolve(folder, name);
      if (relative(folder, path).startsWith("..")) return `the case writes outside its folder: ${name}`;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    const [program = "", ...rest] = command.split(" ").filter((word) => word !== "");
    const variables = env.map((line) => [line.split("=", 1)[0] ?? "", line.slice(line.indexOf("=") + 1)] as const);
    const { status, stdout, stderr } = spawnSync(program, [...rest.map(absolute), "main.tsk", ...args], {
      cwd: folder,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], ...Object.fromEntries(variables) },
    });
    if (status !== 0 && status !== 1) return `exit ${status}: ${stderr.slice(0, 200)}`;
    const diagnostics: readonly Found[] = stderr.trim() === "" ? [] : JSON.parse(stderr).diagnostics;
    return { status, value: stdout.trim() === "" ? undefined : JSON.parse(stdout), diagnostics };
  } catch (error) {
    return `no JSON: ${String(error)}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `c3 28 20*3`: bytes in hexadecimal, `*` and how often. */
function bytesOf(body: string): Uint8Array {
  const parts = body.split(/\s+/).filter((word) => word !== "");
  return Buffer.concat(
    parts.map((word) => {
      const [byte = "", times = "1"] = word.split("*");
      return Buffer.alloc(Number(times), Number.parseInt(byte, 16));
    }),
  );
}

/** A file of the command is named from where the suite was started. */
function absolute(word: string): string {
  return /[/\\]/.test(word) && !word.startsWith("-") ? resolve(word) : word;
}
