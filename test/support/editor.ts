import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  createProtocolConnection,
  type Diagnostic,
  type InitializeResult,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { cleanEnvironment } from "../../scripts/run.ts";

/** An editor that speaks to a real `tusker lsp`. */
export interface Editor extends AsyncDisposable {
  readonly connection: ProtocolConnection;
  readonly started: InitializeResult;
  /** Opens a text that need not be on the disk. */
  open(file: string, text: string): Promise<void>;
  /** Puts text where a stretch of the file was; line and character from 0. */
  change(file: string, version: number, at: Stretch, text: string): Promise<void>;
  /** The next list of problems of a file that fits, by code. */
  told(file: string, fits: (codes: readonly string[]) => boolean): Promise<readonly string[]>;
  /** `shutdown` and `exit`; gives the exit code. */
  end(): Promise<number | null>;
}

/** Line and character of beginning and end. */
export type Stretch = readonly [line: number, from: number, to: number];

/** Starts `tusker lsp` in a folder and shakes hands. */
export async function startEditor(folder: string): Promise<Editor> {
  const bin = new URL("../../bin/tusker.js", import.meta.url).pathname;
  const child = spawn(process.execPath, [bin, "lsp", "--stdio"], {
    cwd: folder,
    env: cleanEnvironment(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const reader = new StreamMessageReader(child.stdout);
  // A server that ends in the middle of a message would leave a timer that asks for the rest for ever.
  reader.partialMessageTimeout = 0;
  const connection = createProtocolConnection(reader, new StreamMessageWriter(child.stdin));
  const heard = listen(connection);
  connection.listen();
  const started: InitializeResult = await connection.sendRequest("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(folder).href,
    capabilities: { workspace: { workspaceEdit: { resourceOperations: ["rename"] } } },
  });
  await connection.sendNotification("initialized", {});
  const uri = (file: string): string => pathToFileURL(file).href;
  return {
    connection,
    started,
    open: (file, text) =>
      connection.sendNotification("textDocument/didOpen", {
        textDocument: { uri: uri(file), languageId: "tsk", version: 1, text },
      }),
    change: (file, version, [line, from, to], text) =>
      connection.sendNotification("textDocument/didChange", {
        textDocument: { uri: uri(file), version },
        contentChanges: [{ range: { start: { line, character: from }, end: { line, character: to } }, text }],
      }),
    told: heard,
    async end() {
      await connection.sendRequest("shutdown");
      const ended = once(child, "exit");
      await connection.sendNotification("exit");
      const [code]: unknown[] = await ended;
      return typeof code === "number" ? code : null;
    },
    async [Symbol.asyncDispose]() {
      connection.dispose();
      if (child.exitCode === null) {
        const ended = once(child, "exit");
        child.kill("SIGKILL");
        await ended;
      }
    },
  };
}

type Told = Editor["told"];

function listen(connection: ProtocolConnection): Told {
  const last = new Map<string, readonly string[]>();
  const waiting = new Set<() => void>();
  connection.onNotification(
    "textDocument/publishDiagnostics",
    ({ uri, diagnostics }: { uri: string; diagnostics: Diagnostic[] }) => {
      last.set(
        fileURLToPath(uri),
        diagnostics.map((one) => String(one.code)),
      );
      for (const look of waiting) look();
    },
  );
  return async (file, fits) => {
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    const look = (): void => {
      const codes = last.get(file);
      if (codes !== undefined && fits(codes)) resolve(codes);
    };
    waiting.add(look);
    look();
    return await promise.finally(() => waiting.delete(look));
  };
}
