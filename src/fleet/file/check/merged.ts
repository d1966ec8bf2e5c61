import { asRelated, type Diagnostic, type Loaded, pathAt } from "../../../tsk/index.ts";
import { knownKeys } from "../schema.ts";
import type { Explained } from "./explain.ts";

/** Without keys that nobody knows right below a key without a value: they are its value. */
export function withoutRests(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const isRest = (one: Diagnostic, of: Diagnostic): boolean =>
    one.code === "FLEET_UNKNOWN_KEY" &&
    of.code === "FLEET_INVALID" &&
    of.message.endsWith("found null") &&
    one.file === of.file &&
    one.line === of.line + 1;
  const rests = diagnostics.filter((one) => diagnostics.some((of) => isRest(one, of)));
  return diagnostics.flatMap((one) => {
    if (rests.includes(one)) return [];
    const own = rests.filter((rest) => isRest(rest, one));
    return own.length === 0 ? [one] : [{ ...one, related: [...(one.related ?? []), ...own.map(asRelated)] }];
  });
}

/** True for a key that seems to be written twice because the header of its own section is missing. */
export function isOfLostHeader(
  { code, file, start }: Diagnostic,
  { trees }: Loaded,
  { lostHeader }: Explained,
): boolean {
  const tree = code === "TSK_DUPLICATE" ? trees.get(file) : undefined;
  if (tree === undefined || lostHeader === undefined) return false;
  const path = pathAt(tree.items, start);
  const { section, around } = lostHeader;
  return (
    path.length === around.length + 1 &&
    around.every((key, index) => key === path[index]) &&
    knownKeys([section]).includes(path.at(-1) ?? "")
  );
}
