import { z } from "zod";
import { messageOf } from "../../kernel/index.ts";

/** What stands against a value, by where in it. */
export interface ValueProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Says what stands against a value; empty: nothing. */
export type ValueCheck = (value: unknown) => readonly ValueProblem[];

const compiled = new Map<string, ValueCheck | string>();
const maxCompiled = 64;

/** The check a JSON Schema describes, or what is wrong with the schema. */
export function compileSchema(text: string): ValueCheck | string {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const made = tryCompile(text);
  compiled.set(text, made);
  const [oldest] = compiled.keys();
  if (compiled.size > maxCompiled && oldest !== undefined) compiled.delete(oldest);
  return made;
}

function tryCompile(text: string): ValueCheck | string {
  try {
    const schema = z.fromJSONSchema(JSON.parse(text));
    return (value) => schema.safeParse(value).error?.issues ?? [];
  } catch (error) {
    return `it is no JSON Schema that is understood here: ${messageOf(error)}`;
  }
}
