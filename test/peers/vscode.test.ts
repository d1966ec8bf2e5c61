import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { openBrowser, shot, skip } from "../browser/visit.ts";
import { until } from "../support/until.ts";
import { skipWithoutVsCode, startVsCode } from "../support/vscode.ts";

const root = resolve(import.meta.dirname, "../..");
const fleet = `#!tusker 1
$limit: 10s

[fleet]
name: "shop"

[services]
user-service: { run: "node user.ts", port: 8081 }

[gateway]
port: 8080
timout: $limit

[routes]
"/api/users/*": { service: "user-servic" }
`;

// The extension, installed from its package into the editor it is for, and a person who opens a fleet with two mistakes.
test("Visual Studio Code shows, mends and formats a fleet", {
  skip: skip || skipWithoutVsCode,
  timeout: 240_000,
}, async () => {
  using project = folderOfProject();
  await using code = await startVsCode();
  await using browser = await openBrowser();
  const page = await browser.newPage({ viewport: { width: 1300, height: 760 } });
  page.setDefaultTimeout(60_000);
  const editor = hands(page);

  await page.goto(code.address(project.path));
  await page.locator(".explorer-folders-view").getByText("tusker.tsk").dblclick();
  // A command that does not exist is told in one sentence, and a better one is taken at once.
  const notice = page.locator(".notification-toast").getByText("did not start");
  assert.match(
    String(await notice.first().textContent()),
    /^TuskLang: no-such-tusker did not start: .*ENOENT.*tusker\.command/,
  );
  project.settings({});
  await page.locator(".squiggly-error").nth(1).waitFor();
  await page.keyboard.press("Control+Shift+M");
  const rows = page.locator(".markers-panel .monaco-list-row");
  await rows.nth(2).waitFor();
  const told = (await rows.allInnerTexts()).join("\n");
  assert.match(
    told,
    /unknown key "timout" in \[gateway\].*FLEET_UNKNOWN_KEY.*Ln 12, Col 1.*did you mean "timeout"/s,
  );
  assert.match(told, /FLEET_UNKNOWN_SERVICE.*Ln 15, Col 28/s);
  await shot(page, "vscode-problems");
  await page.keyboard.press("Control+J");

  await editor.line("8080").hover();
  const hover = page.locator(".monaco-hover-content").filter({ hasText: "gateway.port" });
  await hover
    .filter({ hasText: /gateway\.port = 8080.*wins base tusker\.tsk:11:7/s })
    .first()
    .waitFor();

  await editor.fix("12:3", "change to timeout");
  await editor.line("timeout: $limit").waitFor();
  await editor.fix("15:32", 'change to "user-service"');
  await page.locator(".squiggly-error").first().waitFor({ state: "detached" });

  await editor.to("10:10");
  await page.keyboard.press("Enter");
  await page.keyboard.type("rate_limit_w", { delay: 40 });
  await page.locator(".suggest-widget .monaco-list-row.focused").getByText("rate_limit_window").waitFor();
  await page.keyboard.press("Tab");
  await editor.line("rate_limit_window: ").waitFor();
  await page.keyboard.type("    1m");

  await editor.to("13:12");
  await page.keyboard.press("F12");
  await editor.at(2);
  await page.keyboard.press("F2");
  await page.locator(".rename-box input:focus").waitFor();
  await page.keyboard.type("$pause", { delay: 40 });
  await page.keyboard.press("Enter");
  await editor.line("timeout: $pause").waitFor();

  await page.keyboard.press("Control+S");
  const saved = await until("the file to be saved", () => {
    const text = readFileSync(join(project.path, "tusker.tsk"), "utf8");
    return text.includes("$pause") ? text : undefined;
  });
  assert.match(saved, /^\[gateway\]\nrate_limit_window: 1m\nport: 8080\ntimeout: \$pause$/m);
  await shot(page, "vscode-mended");
});

/** What a person does in the editor, each waited for. */
function hands(page: Page): {
  line(text: string): ReturnType<Page["locator"]>;
  to(place: string): Promise<void>;
  at(line: number): Promise<void>;
  fix(place: string, title: string): Promise<void>;
} {
  const selection = (text: string): ReturnType<Page["locator"]> =>
    page.locator("[id='status.editor.selection']").getByText(text, { exact: true });
  const to = async (place: string): Promise<void> => {
    await page
      .locator(".view-lines")
      .first()
      .click({ position: { x: 5, y: 5 } });
    await page.keyboard.press("Control+G");
    await page.locator(".quick-input-widget input:focus").waitFor();
    await page.keyboard.type(place);
    await page.keyboard.press("Enter");
    const [line, column] = place.split(":");
    await selection(`Ln ${line}, Col ${column}`).waitFor();
  };
  return {
    // Code writes blanks as such that do not break.
    line: (text) => page.locator(".view-line").getByText(text.replaceAll(" ", "\u00a0")),
    to,
    at: (line) =>
      page
        .locator("[id='status.editor.selection']")
        .getByText(new RegExp(`^Ln ${line},`))
        .waitFor(),
    async fix(place, title) {
      await to(place);
      const action = page.locator(".action-widget").getByText(title);
      // What is asked before the newest text has been judged has no answer: a person asks again.
      await until(
        title,
        async () => {
          await page.keyboard.press("Control+.");
          const there = await action.waitFor({ timeout: 3_000 }).then(
            () => true,
            () => undefined,
          );
          if (there === undefined) await page.keyboard.press("Escape");
          return there;
        },
        60_000,
      );
      await page.keyboard.press("Enter");
    },
  };
}

/** A project as `npm install tusker` leaves it, whose tusker is this checkout. */
function folderOfProject(): { readonly path: string; settings(more: object): void } & Disposable {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "tusker-fleet-")));
  const bin = join(path, "node_modules/.bin");
  mkdirSync(bin, { recursive: true });
  mkdirSync(join(path, ".vscode"));
  symlinkSync(root, join(path, "node_modules/tusker"));
  symlinkSync("../tusker/bin/tusker.js", join(bin, "tusker"));
  symlinkSync(process.execPath, join(bin, "node"));
  writeFileSync(join(path, "package.json"), '{ "private": true, "type": "module" }\n');
  writeFileSync(join(path, "user.ts"), "");
  writeFileSync(join(path, "tusker.tsk"), fleet);
  const settings = (more: object): void =>
    writeFileSync(
      join(path, ".vscode/settings.json"),
      JSON.stringify({ "[tsk]": { "editor.formatOnSave": true }, ...more }),
    );
  settings({ "tusker.command": ["no-such-tusker"] });
  return { path, settings, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
