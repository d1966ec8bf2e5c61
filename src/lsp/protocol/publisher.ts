import type { Connection } from "vscode-languageserver/node";
import { messageOf, systemClock } from "../../kernel/index.ts";
import { diagnostics, type Shown } from "../features/diagnostics.ts";
import type { Project } from "../snapshot.ts";
import type { Workspace } from "../workspace.ts";
import { toDiagnostic } from "./convert.ts";
import type { Files } from "./files.ts";

interface Listed {
  readonly project: Project;
  readonly list: readonly Shown[];
}

/** A look that took longer is felt when a letter has to wait for it. */
const slowMs = 30;
/** No letter for so long: whoever types has stopped, or is slower than the look. */
const pauseMs = 200;

/**
 * Tells the editor what is wrong, after the last of several changes: not by a delay, but when no message is waiting. So
 * a fast typist never waits for an answer about a text that is gone. Only where the last look was slow, as in a very
 * long file with several mistakes, the next one has to wait for a pause: letters go first.
 */
export class Publisher {
  readonly #connection: Connection;
  readonly #workspace: Workspace;
  readonly #files: Files;
  /** Files that were told to have problems. */
  #told = new Set<string>();
  #version = 0;
  #wasSlow = false;

  constructor(connection: Connection, workspace: Workspace, files: Files) {
    this.#connection = connection;
    this.#workspace = workspace;
    this.#files = files;
  }

  /** Something changed: tells what is wrong as soon as nothing else is to be done. */
  changed(): void {
    const version = ++this.#version;
    const look = (): void => {
      if (version === this.#version) this.#tryPublish();
    };
    if (this.#wasSlow) systemClock.after(pauseMs, look);
    // The reader hands on one message per turn: after two turns without a change none is waiting.
    else setImmediate(() => setImmediate(look));
  }

  /** A failure of one look (a key file that cannot be read) must not end the session. */
  #tryPublish(): void {
    const sinceMs = systemClock.now();
    try {
      this.#publish();
    } catch (error) {
      this.#connection.console.error(messageOf(error));
    }
    this.#wasSlow = systemClock.now() - sinceMs > slowMs;
  }

  #publish(): void {
    const lists = this.#lists();
    const told = new Set<string>();
    for (const [file, { project, list }] of lists) {
      if (list.length > 0) told.add(file);
      else if (!this.#told.has(file) && !this.#workspace.files.includes(file)) continue;
      const shown = list.map((one) => toDiagnostic(project, this.#files, one));
      this.#send(file, shown);
    }
    for (const file of this.#told) if (!lists.has(file)) this.#send(file, []);
    this.#told = told;
  }

  #send(file: string, list: ReturnType<typeof toDiagnostic>[]): void {
    void this.#connection.sendDiagnostics({ uri: this.#files.uri(file), diagnostics: list });
  }

  /** An open file is judged as part of its own project; others as part of the first that has them. */
  #lists(): ReadonlyMap<string, Listed> {
    const lists = new Map<string, Listed>();
    const projects = new Set<Project>();
    for (const file of this.#workspace.files) {
      const project = this.#workspace.project(file);
      if (project === undefined) continue;
      projects.add(project);
      lists.set(file, { project, list: diagnostics(project).get(file) ?? [] });
    }
    for (const project of projects)
      for (const [file, list] of diagnostics(project))
        if (!lists.has(file)) lists.set(file, { project, list });
    return lists;
  }
}
