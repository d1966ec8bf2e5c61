import { z } from "zod";
import { fleetJsonSchema } from "./json-schema.ts";
import { rowsOf } from "./reference-page.ts";
import { schemaAt } from "./schema.ts";

/** The parts of docs/reference/gateway.md that are written from the sections. */
const parts = ["gateway", "routes"] as const;

/**
 * The page with its tables of keys written anew from the sections, each key with type and unit, default, meaning, and
 * what is said of a value that will not do. Everything else on the page stays as it is.
 *
 * @throws RangeError when the page lacks the marks of a table
 */
export function gatewayPage(page: string): string {
  return parts.reduce((text, part) => replaced(text, part, tableOf(part)), page);
}

function replaced(text: string, part: string, table: string): string {
  const begin = `<!-- keys of [${part}], written by scripts/config-reference.ts -->\n`;
  const end = `<!-- end of [${part}] -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new RangeError(`the page lacks the marks of [${part}]`);
  return `${text.slice(0, from)}${begin}${table}${text.slice(to)}`;
}

function tableOf(part: (typeof parts)[number]): string {
  const schema = fleetJsonSchema().properties?.[part] ?? {};
  const prefix = part === "routes" ? "routes.<name>." : "gateway.";
  const rows = rowsOf(schema, part).map(([key, type, initial, meaning]) => {
    const path = key.slice(1, -1);
    return `| \`${path.slice(prefix.length)}\` | ${type} | ${initial} | ${meaning} | ${failureAt(path) || `must be ${type}`} |\n`;
  });
  return `\n| Key | Type | Default | Meaning | Anything else is refused |\n|---|---|---|---|---|\n${rows.join("")}\n`;
}

/** What the section says of a value that no key takes. */
function failureAt(path: string): string {
  const schema = schemaAt(path.split("."));
  if (!(schema instanceof z.ZodType)) return "";
  const { error } = schema.safeParse(Symbol("no value of a file"));
  const said = error?.issues.map(messageOf).find((message) => message !== undefined) ?? "";
  return said.replaceAll("|", "\\|");
}

function messageOf(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === "invalid_union")
    return issue.errors
      .flat()
      .map(messageOf)
      .find((message) => message !== undefined);
  // What zod says of its own accord speaks of symbols; the type column says the same better.
  return issue.message.includes("symbol") || issue.message.startsWith("Invalid") ? undefined : issue.message;
}
