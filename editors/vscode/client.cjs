// Starts the language server of the workspace's own Tusker, and stops it with the editor.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = async () => {
  const [command, ...args] = workspace.getConfiguration("tusker").get("command");
  const cwd = workspace.workspaceFolders?.[0]?.uri.fsPath;
  // npx is a script on Windows, which only a shell can start.
  const options = { cwd, shell: process.platform === "win32" };
  client = new LanguageClient(
    "tusker",
    "TuskLang",
    { command, args, options },
    { documentSelector: [{ language: "tsk" }] },
  );
  await client.start();
};

exports.deactivate = () => client?.stop();
