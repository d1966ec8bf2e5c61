import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { cleanEnvironment, runNode } from "../../scripts/run.ts";
import { freePort, startListener } from "./peer-program.ts";

const root = resolve(import.meta.dirname, "../..");
const peer = join(root, ".peers/vscode");
const server = join(peer, "node_modules/code-server/out/node/entry.js");
const packager = join(peer, "node_modules/@vscode/vsce/vsce");

/** Why a test that needs it is skipped; false: it is not. */
export const skipWithoutVsCode: string | false =
  !existsSync(join(peer, "complete")) && "no .peers/vscode here; fetch with: node scripts/setup-vscode.ts";

/** Visual Studio Code, served to a browser, with our extension installed from its package. */
export interface VsCode extends AsyncDisposable {
  /** Where a browser finds it with a folder open. */
  address(folder: string): string;
}

/** Makes the package of the extension, installs it into an empty profile and starts the server. */
export async function startVsCode(): Promise<VsCode> {
  const home = mkdtempSync(join(tmpdir(), "tusker-vscode-"));
  const [data, extensions] = [join(home, "data"), join(home, "extensions")];
  const profile = ["--user-data-dir", data, "--extensions-dir", extensions];
  mkdirSync(join(data, "User"), { recursive: true });
  writeFileSync(join(data, "User/settings.json"), JSON.stringify(settings));
  const vsix = await packed(home);
  await ran(home, [server, ...profile, "--install-extension", vsix]);
  const port = await freePort();
  const alone = [
    "--auth",
    "none",
    "--disable-telemetry",
    "--disable-update-check",
    "--disable-workspace-trust",
  ];
  const listener = await startListener({
    command: process.execPath,
    args: [server, ...profile, ...alone, "--bind-addr", `127.0.0.1:${port}`],
    port,
    env: { ...cleanEnvironment(), HOME: home },
  });
  return {
    address: (folder) => `http://127.0.0.1:${port}/?folder=${encodeURIComponent(folder)}`,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** What would move, ask the network or take the time of a machine while we look. */
const settings = {
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.reduceMotion": "on",
  "chat.disableAIFeatures": true,
  "git.enabled": false,
  "typescript.disableAutomaticTypeAcquisition": true,
  "telemetry.telemetryLevel": "off",
  "extensions.autoCheckUpdates": false,
  "editor.minimap.enabled": false,
};

/** The package of the extension as it is in this checkout, made as its README says. */
async function packed(home: string): Promise<string> {
  const copy = join(home, "extension");
  cpSync(join(root, "editors/vscode"), copy, { recursive: true });
  cpSync(join(peer, "extension/node_modules"), join(copy, "node_modules"), { recursive: true });
  const vsix = join(home, "tusker.vsix");
  await ran(copy, [packager, "package", "--allow-missing-repository", "--skip-license", "--out", vsix]);
  return vsix;
}

async function ran(cwd: string, args: readonly string[]): Promise<void> {
  const { exitCode, output } = await runNode(args, { cwd, env: { HOME: cwd }, timeoutMs: 120_000 });
  if (exitCode !== 0) throw new Error(`${args.join(" ")} ended with ${exitCode}: ${output.slice(-2_000)}`);
}
