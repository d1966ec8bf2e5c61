/** Writes docs/reference/config.md, and the tables of docs/reference/gateway.md, from the sections of the rooms. */
import { readFileSync, writeFileSync } from "node:fs";
import { gatewayPage } from "../src/fleet/file/gateway-page.ts";
import { configReferencePage } from "../src/fleet/file/reference-page.ts";

writeFileSync(new URL("../docs/reference/config.md", import.meta.url), configReferencePage());
const gateway = new URL("../docs/reference/gateway.md", import.meta.url);
writeFileSync(gateway, gatewayPage(readFileSync(gateway, "utf8")));
