import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { TuskerError } from "../../../kernel/index.ts";
import type { OutsideProblem } from "../../../tsk/index.ts";
import { resolveCommand } from "../../supervise/command.ts";
import { problem } from "../problems.ts";
import { field, isMap, type Services } from "./fields.ts";

/** Services that have no command, or one whose program is not there. */
export function missingCommands(services: Services, root: string): OutsideProblem[] {
  const found: OutsideProblem[] = [];
  const folders = new Folders();
  for (const name of Object.keys(services)) {
    const service = services[name];
    const run = field(service, "run");
    const port = field(service, "port");
    if (run === undefined && isMap(service) && (port === undefined || port === 0)) {
      found.push(
        problem(
          "FLEET_REQUIRED",
          ["services", name, "run"],
          `services.${name} has neither a command (run) to start it nor a port where it already runs`,
        ),
      );
    }
    // That it is empty is told by its section.
    if (typeof run !== "string" || run === "") continue;
    const cwd = field(service, "cwd");
    const folder = typeof cwd === "string" ? resolve(root, cwd) : root;
    if (folders.hasScript(folder, run)) continue;
    try {
      resolveCommand(run, folder, []);
    } catch (error) {
      if (!(error instanceof TuskerError) || error.code !== "FLEET_COMMAND_MISSING") throw error;
      found.push(problem(error.code, ["services", name, "run"], error.message));
    }
  }
  return found;
}

/** From how many scripts of one folder on it is looked at as a whole. */
const manyScripts = 8;

/** Folders with the scripts of many services: one look at the folder is cheaper than one at each of them. */
class Folders {
  readonly #asked = new Map<string, number>();
  readonly #names = new Map<string, ReadonlySet<string>>();

  /** True for `node script …` whose script is there; false when that is not known. */
  hasScript(cwd: string, run: string): boolean {
    if (!run.startsWith("node ") || /["'\\]/.test(run)) return false;
    const end = run.indexOf(" ", 5);
    const script = run.slice(5, end < 0 ? undefined : end);
    if (script === "" || script.startsWith("-")) return false;
    const slash = script.lastIndexOf("/");
    const key = `${cwd}\0${script.slice(0, slash + 1)}`;
    const asked = (this.#asked.get(key) ?? 0) + 1;
    this.#asked.set(key, asked);
    if (asked < manyScripts) return existsSync(resolve(cwd, script));
    const names = this.#names.get(key) ?? namesIn(resolve(cwd, script.slice(0, slash + 1)));
    this.#names.set(key, names);
    return names.has(script.slice(slash + 1));
  }
}

/** What stands in a folder; links, which may lead nowhere, left out. */
function namesIn(folder: string): ReadonlySet<string> {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return new Set(entries.filter((one) => !one.isSymbolicLink()).map((one) => one.name));
  } catch {
    return new Set();
  }
}
