import type { Span, Tree, Value } from "../../tsk/index.ts";
import { type Place, type Snapshot, underOf } from "../snapshot.ts";
import { tokenAt } from "./context.ts";
import { partsOf, writtenIn } from "./entries.ts";
import { covers } from "./variables.ts";

/** A place that names a service; the span is the bare name, without quotes. */
export interface ServicePlace extends Place {
  readonly name: string;
  /** `key` where the service is written, `use` where it is meant: dependencies, routes, `services.x`, `@service`. */
  readonly role: "key" | "use";
}

/** Every place of a fleet that names a service, file by file; none in a file that is no fleet. */
export function servicePlaces(snapshot: Snapshot): readonly ServicePlace[] {
  if (!snapshot.fleet) return [];
  return [...snapshot.trees].flatMap(([file, tree]) => placesIn(file, tree, underOf(snapshot.project, file)));
}

/** The service of the fleet that is named at an offset of the snapshot's file. */
export function serviceAt(snapshot: Snapshot, offset: number): ServicePlace | undefined {
  const { tree } = snapshot;
  const here = [offset, Math.max(0, offset - 1)].map((at) => wordAt(tree, at));
  const names = new Set(serviceNames(snapshot));
  // Most words name none: the look at the whole file is for those that do.
  if (!here.some((word) => names.has(word))) return undefined;
  return placesIn(snapshot.file, snapshot.tree, snapshot.under).find((place) => covers(place, offset));
}

/** Names of the services of a fleet, in the order of its files. */
export function serviceNames(snapshot: Snapshot): readonly string[] {
  return snapshot.fleet ? snapshot.document.keys(["services"]) : [];
}

/** True where the value of a key is the name of a service. */
export function namesService(path: readonly string[]): boolean {
  const [section, , key] = path;
  if (section === "services") return key === "dependencies" && path.length === 4;
  return section === "routes" && path.at(-1) === "service" && (path.length === 3 || path.length === 4);
}

/**
 * The places of one file that name a service.
 *
 * @param under keys under which the file stands
 */
export function placesIn(file: string, tree: Tree, under: readonly string[]): readonly ServicePlace[] {
  const found: ServicePlace[] = [];
  const add = (name: string, span: Span, role: "key" | "use"): void =>
    void found.push({ file, name, role, ...unquoted(tree, span) });
  for (const { path, keys, value } of writtenIn(tree, under)) {
    const key = path[0] === "services" ? keys[1 - (path.length - keys.length)] : undefined;
    if (key !== undefined) add(key.name, key, "key");
    if (value?.kind === "text" && namesService(path)) add(value.value, value, "use");
    else if (value !== undefined && value.kind !== "array")
      usesIn(value, (name, span) => add(name, span, "use"));
  }
  return found;
}

function wordAt(tree: Tree, offset: number): string {
  const { tokens, source } = tree;
  const index = tokenAt(tree, offset);
  return source.text.slice(tokens.start(index), tokens.end(index)).replace(/^["']|["']$/g, "");
}

function usesIn(value: Value, add: (name: string, span: Span) => void): void {
  if (value.kind === "member" && value.object.kind === "name" && value.object.name === "services") {
    if (value.key.kind === "text") add(value.key.value, value.key);
  } else if (value.kind === "operator" && value.name === "service") {
    const name = value.args?.[0]?.value;
    if (name?.kind === "text") add(name.value, name);
  } else for (const part of partsOf(value)) usesIn(part, add);
}

function unquoted({ source }: Tree, span: Span): Span {
  const quoted = /["']/.test(source.text[span.start] ?? "");
  return quoted ? { start: span.start + 1, end: span.end - 1 } : { start: span.start, end: span.end };
}
