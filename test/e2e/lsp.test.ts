import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  type CodeAction,
  type CompletionItem,
  type DocumentSymbol,
  ErrorCodes,
  type Hover,
  type Location,
  ResponseError,
  type SemanticTokens,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver/node";
import { startEditor } from "../support/editor.ts";

function folder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "tusker-lsp-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

const text = `$name: "shop"
[fleet]
name: $name
[services]
user-service: { port: 8081 }
order-service: { port: 8082, dependencies: ["user-service"] }
[gateway]
timeout=5s
`;

test("an editor is answered from hello to goodbye", async () => {
  using at = folder();
  await using editor = await startEditor(at.path);
  const file = join(at.path, "tusker.tsk");
  const textDocument = { uri: pathToFileURL(file).href };
  const ask = (method: string, line: number, character: number, more: object = {}): Promise<unknown> =>
    editor.connection.sendRequest(method, { textDocument, position: { line, character }, ...more });

  assert.equal(editor.started.capabilities.hoverProvider, true);
  await editor.open(file, text);
  assert.deepEqual(await editor.told(file, () => true), []);

  const hover = (await ask("textDocument/hover", 7, 2)) as Hover;
  assert.match(JSON.stringify(hover.contents), /gateway\.timeout = .*5s.*wins.*base.*tusker\.tsk:8:9/);

  const keys = (await ask("textDocument/completion", 4, 17)) as CompletionItem[];
  assert.ok(keys.some((one) => one.label === "health_endpoint"));

  const [defined] = (await ask("textDocument/definition", 5, 48)) as Location[];
  assert.deepEqual(defined?.range.start, { line: 4, character: 0 });
  const uses = (await ask("textDocument/references", 5, 48, {
    context: { includeDeclaration: true },
  })) as Location[];
  assert.equal(uses.length, 2);

  const renamed = (await ask("textDocument/rename", 2, 8, { newName: "title" })) as WorkspaceEdit;
  assert.deepEqual(
    renamed.changes?.[textDocument.uri]?.map((edit) => [edit.range.start.line, edit.newText]),
    [
      [0, "$title"],
      [2, "$title"],
    ],
  );
  await assert.rejects(ask("textDocument/rename", 6, 2, { newName: "x" }), /only a \$variable or a service/);

  const symbols = (await editor.connection.sendRequest("textDocument/documentSymbol", {
    textDocument,
  })) as DocumentSymbol[];
  assert.deepEqual(
    symbols.map((one) => one.name),
    ["$name", "fleet", "services", "gateway"],
  );

  const { data } = (await editor.connection.sendRequest("textDocument/semanticTokens/full", {
    textDocument,
  })) as SemanticTokens;
  const legend = editor.started.capabilities.semanticTokensProvider?.legend.tokenTypes ?? [];
  assert.deepEqual([data.slice(0, 3), legend[data[3] ?? -1]], [[0, 0, 5], "variable"]);

  const [formatted] = (await editor.connection.sendRequest("textDocument/formatting", {
    textDocument,
    options: { tabSize: 2, insertSpaces: true },
  })) as TextEdit[];
  assert.match(formatted?.newText ?? "", /timeout: 5s/);

  assert.equal(await editor.end(), 0);
});

test("what is typed is judged at its newest version, and repaired on the spot", async () => {
  using at = folder();
  await using editor = await startEditor(at.path);
  const file = join(at.path, "tusker.tsk");
  const textDocument = { uri: pathToFileURL(file).href };
  await editor.open(file, text);
  await editor.change(file, 2, [7, 0, 7], "timout");
  await editor.told(file, (codes) => codes.includes("FLEET_UNKNOWN_KEY"));
  const range = { start: { line: 7, character: 0 }, end: { line: 7, character: 3 } };
  const actions = (await editor.connection.sendRequest("textDocument/codeAction", {
    ...{ textDocument, range, context: { diagnostics: [] } },
  })) as CodeAction[];
  assert.equal(actions[0]?.edit?.changes?.[textDocument.uri]?.[0]?.newText, "timeout");
  for (const [index, letter] of [..."xyz"].entries())
    await editor.change(file, 3 + index, [7, 0, index], "xyz".slice(0, index) + letter);
  await editor.change(file, 9, [7, 0, 3 + 6], "timeout");
  assert.deepEqual(await editor.told(file, (codes) => codes.length === 0), []);
});

test("a layer that is open counts before it is saved, and a renamed service takes its file along", async () => {
  using at = folder();
  const layer = join(at.path, "config/services/user-service.tsk");
  mkdirSync(join(at.path, "config/services"), { recursive: true });
  writeFileSync(layer, "key: 1\n");
  const file = join(at.path, "tusker.tsk");
  writeFileSync(file, text);
  await using editor = await startEditor(at.path);
  const local = join(at.path, "tusker.local.tsk");
  await editor.open(local, "[gateway]\nport: 'x'\n");
  await editor.told(local, (codes) => codes.includes("FLEET_INVALID"));
  await editor.open(file, text);
  const result = (await editor.connection.sendRequest("textDocument/rename", {
    textDocument: { uri: pathToFileURL(file).href },
    position: { line: 4, character: 3 },
    newName: "people",
  })) as WorkspaceEdit;
  const moved = result.documentChanges?.flatMap((one) =>
    "kind" in one && one.kind === "rename" ? [basename(one.newUri)] : [],
  );
  assert.deepEqual(moved, ["people.tsk"]);
});

test("a request outside the session, or about nothing, is refused in the words of the protocol", async () => {
  using at = folder();
  await using editor = await startEditor(at.path);
  const file = join(at.path, "tusker.tsk");
  await editor.open(file, text);
  const textDocument = { uri: pathToFileURL(file).href };
  const position = { line: 7, character: 2 };
  const codeOf = async (params: object): Promise<unknown> =>
    await editor.connection.sendRequest("textDocument/hover", params).then(
      (found) => found,
      (error: unknown) => (error instanceof ResponseError ? error.code : error),
    );
  assert.equal(await codeOf({}), ErrorCodes.InvalidParams);
  assert.equal(
    await codeOf({ textDocument: { uri: "file://elsewhere/a.tsk" }, position }),
    ErrorCodes.InvalidParams,
  );
  assert.equal(await codeOf({ textDocument, position: { line: "7" } }), ErrorCodes.InvalidParams);
  assert.equal(await codeOf({ textDocument, position: { line: 7_000_000, character: 1 } }), null);
  assert.match(JSON.stringify(await codeOf({ textDocument, position })), /gateway\.timeout/);
  await editor.connection.sendRequest("shutdown");
  assert.equal(await codeOf({ textDocument, position }), ErrorCodes.InvalidRequest);
});

test("before initialize nothing is answered, and the end of the input without shutdown is exit 1", async () => {
  const bin = new URL("../../bin/tusker.js", import.meta.url).pathname;
  const child = spawn(process.execPath, [bin, "lsp", "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "textDocument/hover",
    params: { textDocument: { uri: "file:///a.tsk" } },
  });
  child.stdin.write(`Content-Length: ${body.length}\r\n\r\n${body}`);
  let said = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    said += String(chunk);
    if (said.endsWith("}}")) break;
  }
  assert.equal(JSON.parse(said.slice(said.indexOf("{"))).error.code, ErrorCodes.ServerNotInitialized);
  child.stdin.end();
  assert.deepEqual(await ended, [1, null]);
});
