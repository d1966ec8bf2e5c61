import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { messageOf } from "../../kernel/index.ts";
import type { OutsideProblem } from "../../tsk/index.ts";
import { pathText, problem, valueAt } from "./problems.ts";
import { type Violation, violations } from "./validate.ts";

/** What the merged `config` of each service is not, that the schema the service declares asks for. */
export function configProblems(
  services: Readonly<Record<string, unknown>>,
  root: string,
): readonly OutsideProblem[] {
  return Object.entries(services).flatMap(([name, service]) => {
    const file = valueAt(service, ["schema"]);
    if (typeof file !== "string") return [];
    const at = ["services", name, "config"];
    try {
      const schema: unknown = JSON.parse(readFileSync(resolve(root, file), "utf8"));
      const found = violations(valueAt(service, ["config"]) ?? {}, schema);
      return found.map((one) => asProblem(one, [...at, ...one.path], file));
    } catch (error) {
      const message = `the schema ${file} of ${name} cannot be used: ${messageOf(error)}`;
      return [problem("FLEET_INVALID", ["services", name, "schema"], message)];
    }
  });
}

function asProblem({ message }: Violation, path: readonly PropertyKey[], file: string): OutsideProblem {
  return problem("FLEET_INVALID", [...path], `${pathText(path)} ${message}`, { help: `${file} says so` });
}
