import { resolve } from "node:path";
import type { Diagnostic } from "../../tsk/index.ts";
import type { Project } from "../snapshot.ts";

/** A diagnostic as an editor shows it. */
export interface Shown extends Omit<Diagnostic, "severity"> {
  readonly severity: "error" | "warning" | "information";
}

/** What is wrong in each file of a project, by absolute path; every file has a list, be it empty. */
export function diagnostics(project: Project): ReadonlyMap<string, readonly Shown[]> {
  const byFile = new Map<string, Shown[]>([...project.trees.keys()].map((file) => [file, []]));
  for (const one of project.diagnostics) {
    // What has no file of its own (`--set`, a variable of the environment, a missing file) is told where all begins.
    const place = byFile.get(resolve(one.file));
    if (place !== undefined) place.push({ ...one, severity: severityOf(one) });
    else {
      const from = one.file === "" ? "" : `${one.file}: `;
      const shown = { ...one, message: `${from}${one.message}`, start: 0, end: 0, line: 1, column: 1 };
      byFile.get(project.entry)?.push({ ...shown, file: project.entry, severity: severityOf(one) });
    }
  }
  return byFile;
}

/** A variable that is not set on the machine of the editor may well be set where the fleet runs. */
function severityOf(one: Diagnostic): Shown["severity"] {
  return one.code === "TSK_ENV_MISSING" ? "information" : one.severity;
}
