import type { Command } from "./command.ts";
import { configuration } from "./table/config.ts";
import { beginning, running } from "./table/fleet.ts";
import { artefacts, parts } from "./table/parts.ts";
import { secrets } from "./table/secret.ts";

/** Every command as data. Help, completion and docs/reference/cli.md come from here, in this order. */
export const commands: readonly Command[] = [
  ...beginning,
  ...configuration,
  ...secrets,
  ...running,
  ...parts,
  ...artefacts,
];
