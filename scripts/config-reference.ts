/** Writes docs/reference/config.md from the sections of the rooms. */
import { writeFileSync } from "node:fs";
import { configReferencePage } from "../src/fleet/file/reference-page.ts";

writeFileSync(new URL("../docs/reference/config.md", import.meta.url), configReferencePage());
