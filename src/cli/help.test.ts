import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commandHelp, overviewHelp, referencePage } from "./help.ts";
import { commands } from "./table.ts";

test("the overview names every command with its summary", () => {
  const page = overviewHelp(commands);
  for (const { name, summary } of commands)
    assert.match(page, new RegExp(`^  ${name} +${summary.replace(/[.*+?^$()|[\]\\{}]/g, "\\$&")}$`, "m"));
});

test("the page of a command names every option with its value and help", () => {
  for (const command of commands) {
    const page = commandHelp(command);
    for (const [name, option] of Object.entries(command.options)) {
      assert.ok(page.includes(`--${name}${option.value === undefined ? "" : ` ${option.value}`}`));
      assert.ok(page.includes(option.help));
    }
  }
});

test("docs/reference/cli.md is what the table says", () => {
  const written = readFileSync(new URL("../../docs/reference/cli.md", import.meta.url), "utf8");
  assert.equal(
    written,
    referencePage(commands),
    "write it again: node --conditions=tusker-source scripts/cli-reference.ts",
  );
});

test("every command can be loaded and has a run", async () => {
  for (const command of commands) assert.equal(typeof (await command.load()).run, "function", command.name);
});
