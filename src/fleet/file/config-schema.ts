import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { messageOf, withoutReferences } from "../../kernel/index.ts";
import type { OutsideProblem } from "../../tsk/index.ts";
import { field } from "./check/fields.ts";
import { importedFiles } from "./module/schema-imports.ts";
import { isModule, modulePath, moduleViolations } from "./module/schema-module.ts";
import { pathText, problem, valueAt } from "./problems.ts";
import { type Violation, violations } from "./validate.ts";

/**
 * What the merged `config` of each service is not, that the schema the service declares asks for: a file of JSON Schema,
 * or a module that exports a Standard Schema.
 *
 * @param modules false where reading a file may not run the code it names; such a schema is not asked then
 */
export function configProblems(
  services: Readonly<Record<string, unknown>>,
  root: string,
  modules: boolean,
): readonly OutsideProblem[] {
  return Object.entries(services).flatMap(([name, service]) => {
    const file = field(service, "schema");
    if (typeof file !== "string" || (isModule(file) && !modules)) return [];
    const at = ["services", name, "config"];
    try {
      const value = valueAt(service, ["config"]) ?? {};
      const found = isModule(file)
        ? moduleViolations(value, file, root)
        : violations(withoutReferences(value), JSON.parse(readFileSync(resolve(root, file), "utf8")));
      return found.map((one) => asProblem(one, [...at, ...one.path], file));
    } catch (error) {
      const message = `the schema ${file} of ${name} cannot be used: ${messageOf(error)}`;
      return [problem("FLEET_INVALID", ["services", name, "schema"], message)];
    }
  });
}

/** Files that services name as the schema of their `config`, and what modules among them import, as paths. */
export function schemaFiles(value: unknown, root: string): readonly string[] {
  const services = valueAt(value, ["services"]);
  if (typeof services !== "object" || services === null) return [];
  return Object.values(services).flatMap((service: unknown) => {
    const file = valueAt(service, ["schema"]);
    if (typeof file !== "string") return [];
    return isModule(file) ? importedFiles(modulePath(file, root)) : [resolve(root, file)];
  });
}

function asProblem({ message }: Violation, path: readonly PropertyKey[], file: string): OutsideProblem {
  // A schema of others speaks in sentences of its own.
  const sentence = isModule(file) ? `${pathText(path)}: ${message}` : `${pathText(path)} ${message}`;
  return problem("FLEET_INVALID", [...path], sentence, { help: `${file} says so` });
}
