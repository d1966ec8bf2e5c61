import type { z } from "zod";
import { type Code, Secret, ServiceRef, targetText } from "../../kernel/index.ts";
import { didYouMean, type OutsideProblem } from "../../tsk/index.ts";

type Issue = z.core.$ZodIssue;

/**
 * Writes what a schema found as problems of the file: one per cause, in words that name the key, what was found and
 * what to do.
 *
 * @param value the document the schema looked at
 * @param known the keys a map at this path may have, for suggestions
 */
export function schemaProblems(
  issues: readonly Issue[],
  value: unknown,
  known: (path: readonly PropertyKey[]) => readonly string[],
): readonly OutsideProblem[] {
  const told = new Set<string>();
  return issues
    .flatMap((issue) => problemsOf(issue, value, known))
    .filter(({ code, path, part, message }) => {
      // A number can be wrong in two ways and is still one cause.
      const key = `${pathText(path)} ${code === "FLEET_INVALID" && part !== "key" ? code : message}`;
      return told.has(key) ? false : told.add(key) !== undefined;
    });
}

function problemsOf(
  issue: Issue,
  value: unknown,
  known: (path: readonly PropertyKey[]) => readonly string[],
): readonly OutsideProblem[] {
  const path = [...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const names = known(path);
      const near = didYouMean(key, names);
      const listed = names.length === 0 ? {} : { help: `known keys: ${names.join(", ")}` };
      return problem("FLEET_UNKNOWN_KEY", [...path, key], `unknown key "${key}" in ${placeName(path)}`, {
        part: "key",
        ...(near === undefined ? listed : { help: `did you mean "${near}"?` }),
      });
    });
  }
  if (issue.code === "invalid_union") {
    // Several forms are allowed: speak of the one the value has the shape of.
    const form = issue.errors.find(
      (inner) => !inner.some((one) => one.code === "invalid_type" && one.path.length === 0),
    );
    if (form !== undefined) {
      return form.flatMap((inner) =>
        problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, value, known),
      );
    }
  }
  if (issue.code === "invalid_key") {
    const [inner] = issue.issues;
    return [
      problem(
        "FLEET_INVALID",
        path,
        `the name "${String(path.at(-1))}" ${inner?.message ?? "is not allowed"}`,
        { part: "key" },
      ),
    ];
  }
  // What is wrong with a name itself is told at the name, in the section's own words.
  if (issue.code === "custom" && issue.params?.part === "key") {
    // One of a list has no key: it is pointed at itself.
    const part = typeof path.at(-1) === "number" ? "value" : "key";
    return [problem("FLEET_INVALID", path, issue.message, { part })];
  }
  const found = valueAt(value, path);
  if (found === undefined) {
    return [problem("FLEET_REQUIRED", path, `${pathText(path)} is missing; it ${expectation(issue)}`)];
  }
  return [problem("FLEET_INVALID", path, `${pathText(path)} ${expectation(issue)}${describe(issue, found)}`)];
}

/** "must be text": our own messages say it, the library's are put into the same form. */
function expectation(issue: Issue): string {
  if (issue.message.startsWith("must ")) return issue.message;
  if (issue.code === "invalid_type") return `must be ${words[issue.expected] ?? issue.expected}`;
  if (issue.code === "invalid_union") return `must be ${formsOf(issue.errors).join(" or ")}`;
  if (issue.code === "invalid_value")
    return `must be ${issue.values.map((one) => `"${String(one)}"`).join(" or ")}`;
  return `is not right: ${issue.message}`;
}

/** What each of several forms is at its top: "a block { … }", "a list [ … ]". */
function formsOf(forms: readonly (readonly Issue[])[]): readonly string[] {
  const tops = forms.map((form) => form.find((one) => one.path.length === 0));
  return [
    ...new Set(tops.flatMap((top) => (top === undefined ? [] : expectation(top).replace(/^must be /, "")))),
  ];
}

const words: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list [ … ]",
  object: "a block { … }",
  record: "a block { … }",
};

function describe(issue: Issue, found: unknown): string {
  if (issue.message.includes("found ")) return "";
  if (found instanceof Secret) return ", found [secret]";
  if (found instanceof ServiceRef) return `, found the service ${targetText(found)}`;
  if (typeof found === "string")
    return `, found text "${found.length > 40 ? `${found.slice(0, 40)}…` : found}"`;
  if (Array.isArray(found)) return ", found a list";
  if (typeof found === "object" && found !== null) return ", found a block";
  return `, found ${String(found)}`;
}

export function problem(
  code: Code,
  path: readonly PropertyKey[],
  message: string,
  more: {
    readonly help?: string;
    readonly part?: "key" | "value";
    readonly severity?: "error" | "warning";
    readonly unless?: NonNullable<OutsideProblem["unless"]>;
    readonly also?: NonNullable<OutsideProblem["also"]>;
  } = {},
): OutsideProblem {
  return { code, path, message, ...more };
}

/** services.user-service.port, with quotes where a key needs them. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) =>
      typeof part === "number"
        ? String(part)
        : /^[\p{L}_][\p{L}\d_-]*$/u.test(String(part))
          ? String(part)
          : `"${String(part)}"`,
    )
    .join(".");
}

/** The value at a path of plain data; undefined when it is not there. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null || current instanceof Secret) return undefined;
    current = Object.hasOwn(current, key) ? Reflect.get(current, key) : undefined;
  }
  return current;
}

function placeName(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the fleet file";
  return path.length === 1 ? `[${String(path[0])}]` : pathText(path);
}
