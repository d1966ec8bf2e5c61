/** Writes docs/reference/cli.md from the table of commands. */
import { writeFileSync } from "node:fs";
import { referencePage } from "../src/cli/help.ts";
import { commands } from "../src/cli/table.ts";

writeFileSync(new URL("../docs/reference/cli.md", import.meta.url), referencePage(commands));
