import type { Indexes, Session, SessionRow } from "./model.ts";

/** Sessions, by id and by what may end them. */
export class SessionTable {
  readonly #rows = new Map<string, SessionRow>();
  readonly #onNode = new Map<string, Set<string>>();

  get(id: string): SessionRow | undefined {
    return this.#rows.get(id);
  }

  /** All sessions by id. */
  all(): SessionRow[] {
    return [...this.#rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Sessions of a node by id. */
  on(node: string): SessionRow[] {
    return [...(this.#onNode.get(node) ?? [])].sort().flatMap((id) => this.#rows.get(id) ?? []);
  }

  /** A session never changes once it is made. False when it was there already. */
  add(session: Session, indexes: Indexes): boolean {
    if (this.#rows.has(session.id)) return false;
    this.#rows.set(session.id, { ...session, ...indexes });
    this.#onNode.set(session.node, (this.#onNode.get(session.node) ?? new Set()).add(session.id));
    return true;
  }

  /** The session that went; undefined when it was not there. */
  drop(id: string): SessionRow | undefined {
    const row = this.#rows.get(id);
    if (row === undefined) return undefined;
    this.#rows.delete(id);
    const ids = this.#onNode.get(row.node);
    ids?.delete(id);
    if (ids?.size === 0) this.#onNode.delete(row.node);
    return row;
  }
}
