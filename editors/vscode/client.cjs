// Starts the language server of the workspace's own Tusker, and stops it with the editor.
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { window, workspace } = require("vscode");
const { CloseAction, LanguageClient, State } = require("vscode-languageclient/node");

let client;

exports.activate = async (context) => {
  const changed = workspace.onDidChangeConfiguration(async (change) => {
    if (!change.affectsConfiguration("tusker.command")) return;
    await stop();
    await start();
  });
  context.subscriptions.push(changed);
  await start();
};

exports.deactivate = stop;

async function start() {
  const [command, ...args] = workspace.getConfiguration("tusker").get("command");
  let said = "";
  const launch = async () => {
    // npx is a script on Windows, which only a shell can start.
    const shell = process.platform === "win32";
    const child = spawn(command, args, { cwd: workspace.workspaceFolders?.[0]?.uri.fsPath, shell });
    await once(child, "spawn");
    child.stderr.setEncoding("utf8").on("data", (text) => {
      const lines = text.trim().split("\n");
      said = lines.findLast((line) => !line.includes("A complete log of this run")) || said;
    });
    return child;
  };
  const tell = (error) => {
    const why = said || (error instanceof Error ? error.message : String(error));
    void window.showErrorMessage(
      `TuskLang: ${[command, ...args].join(" ")} did not start: ${why} (is tusker installed in this project? Another command is the setting tusker.command)`,
    );
  };
  let first;
  try {
    first = await launch();
  } catch (error) {
    return tell(error);
  }
  const server = async () => {
    const child = first ?? (await launch());
    first = undefined;
    return child;
  };
  const next = new LanguageClient("tusker", "TuskLang", server, {
    documentSelector: [{ language: "tsk" }],
    initializationFailedHandler: () => false,
    errorHandler: {
      error: (...about) => usual.error(...about),
      // One that cannot start will not start the next time either: it is told once, below.
      closed: () =>
        next.state === State.Running ? usual.closed() : { action: CloseAction.DoNotRestart, handled: true },
    },
  });
  const usual = next.createDefaultErrorHandler();
  client = next;
  try {
    await next.start();
  } catch (error) {
    tell(error);
  }
}

/** A server that never started has nothing to stop. */
async function stop() {
  if (client?.state === State.Running) await client.stop();
}
