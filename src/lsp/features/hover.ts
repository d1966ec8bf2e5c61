import { type KeyInfo, keyAt, pathText } from "../../fleet/index.ts";
import { Secret, ServiceRef } from "../../kernel/index.ts";
import { kind, type Path, type Span } from "../../tsk/index.ts";
import type { Operators, Snapshot } from "../snapshot.ts";
import { type Context, contextAt } from "../text/context.ts";
import { type ServicePlace, serviceAt } from "../text/services.ts";
import { type Variable, variableAt } from "../text/variables.ts";

/** What is told about a place. */
export interface Hover extends Span {
  readonly markdown: string;
}

/** What the thing under the pointer is: a key with its value and who wrote it, a variable, an operator, a service. */
export function hover(snapshot: Snapshot, offset: number): Hover | undefined {
  const context = contextAt(snapshot.tree, offset);
  const { token } = context;
  if (token === undefined || context.part === "none") return undefined;
  const markdown = textFor(snapshot, context, offset);
  return markdown === undefined ? undefined : { start: token.start, end: token.end, markdown };
}

function textFor(snapshot: Snapshot, context: Context, offset: number): string | undefined {
  const variable = variableAt(snapshot.tree, offset);
  if (variable !== undefined) return aboutVariable(snapshot, variable);
  const operator = operatorHere(snapshot, context);
  if (operator !== undefined) return aboutOperator(snapshot, operator);
  const service = serviceAt(snapshot, offset);
  if (service?.role === "use") return aboutService(snapshot, service);
  return aboutKey(snapshot, [...snapshot.under, ...context.path]);
}

/** The value that holds, its origin and whom it overrides; what the section says about the key. */
function aboutKey(snapshot: Snapshot, path: readonly string[]): string | undefined {
  const info = snapshot.fleet ? keyAt(path) : undefined;
  const value = valueAt(snapshot.document.value, path);
  if (info === undefined && value === undefined) return undefined;
  const shown = value === undefined || isMap(value) ? "" : ` = ${valueText(value)}`;
  return [
    code(`${pathText(path.map(indexOrKey))}${shown}`),
    ...(info === undefined ? [] : [describe(info)]),
    ...provenance(snapshot, path, value),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** What a section says about a key, in a few words. */
export function describe({ doc, type, required }: KeyInfo): string {
  return [doc ?? "", `*${type}${required ? ", required" : ""}*`].filter((part) => part !== "").join("\n\n");
}

function provenance({ document }: Snapshot, path: Path, value: unknown): readonly string[] {
  if (value === undefined) return ["not set; the default holds"];
  if (isMap(value)) return [];
  const lines = document.origin(path).map(({ layer, file, line, column, text, variable }, index) => {
    const from = variable === undefined ? "" : ` (variable ${variable})`;
    return `- ${index === 0 ? "**wins**" : "overridden"} ${layer} \`${file}:${line}:${column}\`${from} ${inline(text)}`;
  });
  return lines.length === 0 ? [] : [lines.join("\n")];
}

function aboutVariable({ tree }: Snapshot, { name, value, uses }: Variable): string {
  const text = tree.source.slice(value);
  return `${code(`$${name} = ${text.length > longest ? `${text.slice(0, longest)}…` : text}`)}\n\nused ${uses.length === 1 ? "once" : `${uses.length} times`}`;
}

function aboutOperator({ operators }: Snapshot, name: string): string | undefined {
  const signature = signatureOf(name, operators);
  return signature === undefined ? undefined : code(signature);
}

/** `@env(name, default?)`; undefined when there is no such operator. */
export function signatureOf(name: string, operators: Operators): string | undefined {
  const row = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (row === undefined) return undefined;
  const parameters = row.parameters.map((one, index) => (index < row.required ? one : `${one}?`));
  return `@${name}(${parameters.join(", ")})`;
}

function aboutService({ document }: Snapshot, { name }: ServicePlace): string {
  const run = valueAt(document.value, ["services", name, "run"]);
  const port = valueAt(document.value, ["services", name, "port"]);
  const lines = [`service ${name}`, ...(run === undefined ? [] : [`run: ${valueText(run)}`])];
  if (port !== undefined) lines.push(`port: ${valueText(port)}`);
  return code(lines.join("\n"));
}

/** The name of the operator whose name is under the pointer: `env.secure` on any part of `@env.secure`. */
function operatorHere({ tree }: Snapshot, { token }: Context): string | undefined {
  if (token?.kind !== kind.name) return undefined;
  const { tokens, source } = tree;
  let from = token.index;
  while (tokens.kind(from - 1) === kind.dot && tokens.kind(from - 2) === kind.name) from -= 2;
  if (tokens.kind(from - 1) !== kind.at) return undefined;
  let to = token.index;
  while (tokens.kind(to + 1) === kind.dot && tokens.kind(to + 2) === kind.name) to += 2;
  return source.text.slice(tokens.start(from), tokens.end(to));
}

/** The value at a path of plain data; undefined when it is not there. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null && !(at instanceof Secret) && Object.hasOwn(at, key)
        ? Reflect.get(at, key)
        : undefined,
    value,
  );
}

/** Elements of a list are counted, not named. */
function indexOrKey(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part;
}

const longest = 300;

function valueText(value: unknown): string {
  if (value instanceof Secret) return "[secret]";
  const text = JSON.stringify(value) ?? "";
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function isMap(value: unknown): boolean {
  if (value instanceof Secret || value instanceof ServiceRef) return false;
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function code(text: string): string {
  return `\`\`\`tsk\n${text.replaceAll("```", "'''")}\n\`\`\``;
}

function inline(text: string): string {
  return `\`${text.replaceAll("`", "'")}\``;
}
