import { fileURLToPath } from "node:url";

/** Flags our own Node needs for a script: from a checkout, `tusker/…` must lead to the sources. */
export const nodeFlags: readonly string[] = import.meta.url.endsWith(".ts")
  ? ["--conditions=tusker-source"]
  : [];

/** The command line's entry, from sources and from the package alike. */
export const binPath: string = fileURLToPath(new URL("../../bin/tusker.js", import.meta.url));
