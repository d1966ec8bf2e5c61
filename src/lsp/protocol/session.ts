import { type Connection, ErrorCodes, type Position, ResponseError } from "vscode-languageserver/node";
import { messageOf } from "../../kernel/index.ts";
import type { Files } from "./files.ts";

/** Between `initialize` and `shutdown`: requests outside of that are refused (LSP 3.17, Server lifecycle). */
export class Session {
  #state: "new" | "open" | "ended" = "new";

  constructor(connection: Connection) {
    connection.onShutdown(() => {
      this.#state = "ended";
    });
  }

  /** `initialize` was asked for. */
  begin(): void {
    this.#state = "open";
  }

  /** @throws ResponseError when the session has not begun, or has ended */
  assertOpen(): void {
    if (this.#state === "new")
      throw new ResponseError(ErrorCodes.ServerNotInitialized, "the first request must be initialize");
    if (this.#state === "ended")
      throw new ResponseError(ErrorCodes.InvalidRequest, "after shutdown nothing but exit may come");
  }
}

/**
 * The path of the file that a request is about.
 *
 * @throws ResponseError InvalidParams
 */
export function pathOf(files: Files, params: unknown): string {
  const uri = memberOf(memberOf(params, "textDocument"), "uri");
  if (typeof uri !== "string") throw invalid("textDocument.uri must be text");
  try {
    return files.path(uri);
  } catch (error) {
    throw invalid(`textDocument.uri ${uri} names no file here: ${messageOf(error)}`);
  }
}

/**
 * The place in it. A line or character that is not there is the nearest one that is, as the protocol has it.
 *
 * @throws ResponseError InvalidParams
 */
export function positionOf(params: unknown): Position {
  const position = memberOf(params, "position");
  const [line, character] = [memberOf(position, "line"), memberOf(position, "character")];
  if (Number.isInteger(line) && Number.isInteger(character))
    return { line: Number(line), character: Number(character) };
  throw invalid("position must have a line and a character, whole numbers from 0");
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function invalid(message: string): ResponseError<void> {
  return new ResponseError(ErrorCodes.InvalidParams, message);
}
