import { basename, dirname, join } from "node:path";
import type { Span } from "../../tsk/index.ts";
import type { Edit, Snapshot } from "../snapshot.ts";
import { serviceAt, serviceNames, servicePlaces } from "../text/services.ts";
import { covers, type Variable, variableAt, variablesOf } from "../text/variables.ts";

/** What a new name changes, or why it cannot be. */
export type Renamed =
  | { readonly edits: readonly Edit[]; readonly moves: readonly Move[] }
  | { readonly refused: string };

/** A file that bears the old name. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

/** What a rename at this place would change the name of; undefined where nothing has a name of its own. */
export function renameable(snapshot: Snapshot, offset: number): Span | undefined {
  const variable = variableAt(snapshot.tree, offset);
  if (variable !== undefined) return [variable.set, ...variable.uses].find((span) => covers(span, offset));
  const service = serviceAt(snapshot, offset);
  return service === undefined ? undefined : { start: service.start, end: service.end };
}

/** Gives the `$variable` or the service at a place another name, everywhere. */
export function rename(snapshot: Snapshot, offset: number, name: string): Renamed {
  const variable = variableAt(snapshot.tree, offset);
  if (variable !== undefined) return renameVariable(snapshot, variable, name.replace(/^\$/, ""));
  const service = serviceAt(snapshot, offset);
  if (service !== undefined) return renameService(snapshot, service.name, name);
  return { refused: "only a $variable or a service can be renamed" };
}

function renameVariable(snapshot: Snapshot, variable: Variable, name: string): Renamed {
  if (!/^[\p{L}_][\p{L}\d_-]*$/u.test(name))
    return { refused: `$${name} is no name: letters, digits, _ and -, not beginning with a digit` };
  const other = variablesOf(snapshot.tree).find((one) => one.name === name && meets(one, variable));
  if (other !== undefined && name !== variable.name)
    return { refused: `$${name} is another variable already` };
  const text = `$${name}`;
  const edits = [variable.set, ...variable.uses].map(({ start, end }) => ({
    file: snapshot.file,
    start,
    end,
    text,
  }));
  return { edits, moves: [] };
}

/** True when two variables are seen in the same place. */
function meets(one: Variable, other: Variable): boolean {
  return one.scope.start < other.scope.end && other.scope.start < one.scope.end;
}

function renameService(snapshot: Snapshot, before: string, name: string): Renamed {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name))
    return {
      refused: "a service is named in lower-case letters, digits and hyphens, beginning with a letter",
    };
  if (name !== before && serviceNames(snapshot).includes(name))
    return { refused: `${name} is another service already` };
  const edits = servicePlaces(snapshot)
    .filter((place) => place.name === before)
    .map(({ file, start, end }) => ({ file, start, end, text: name }));
  const moves = [...snapshot.trees]
    .filter(([file, tree]) => tree.source.layer === "service" && basename(file) === `${before}.tsk`)
    .map(([file]) => ({ from: file, to: join(dirname(file), `${name}.tsk`) }));
  return { edits, moves };
}
