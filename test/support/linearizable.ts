/**
 * A linearizability checker in the manner of Wing and Gong, with Lowe's memory of what was tried ("Testing and
 * Verifying Concurrent Objects", 1993; "Testing for linearizability", 2017): is there an order of the operations, each
 * somewhere between its call and its return, in which one after the other gives what was answered?
 */

/** One operation on one thing. Times are numbers that only have an order. */
export interface Operation<Op, Result> {
  readonly op: Op;
  readonly calledAt: number;
  /** Undefined: it was never answered. It may have happened at any time since, or never. */
  readonly returned?: { readonly at: number; readonly result: Result };
}

/** What one thing does. States are values that `key` tells apart. */
export interface Model<State, Op, Result> {
  readonly initial: State;
  key(state: State): string;
  /** The state after an operation that was answered so; undefined: it cannot be answered so in this state. */
  step(state: State, op: Op, result: Result): State | undefined;
  /** Every state that an operation nobody heard of may have led to. */
  unheard(state: State, op: Op): readonly State[];
}

/** True when such an order exists. Meant for some tens of operations at a time. */
export function linearizable<State, Op, Result>(
  model: Model<State, Op, Result>,
  history: readonly Operation<Op, Result>[],
): boolean {
  const all = history.toSorted((a, b) => a.calledAt - b.calledAt);
  const tried = new Set<string>();
  const search = (state: State, left: readonly number[]): boolean => {
    const open = left.flatMap((n) => all[n]?.returned?.at ?? []);
    // What was never answered need not have happened.
    if (open.length === 0) return true;
    const memory = `${left.join()} ${model.key(state)}`;
    if (tried.has(memory)) return false;
    tried.add(memory);
    const firstReturn = Math.min(...open);
    for (const n of left) {
      const one = all[n];
      // Whatever was called after somebody else returned comes after it.
      if (one === undefined || one.calledAt > firstReturn) break;
      const rest = left.filter((other) => other !== n);
      for (const next of outcomes(model, state, one)) if (search(next, rest)) return true;
    }
    return false;
  };
  return search(model.initial, [...all.keys()]);
}

function outcomes<State, Op, Result>(
  model: Model<State, Op, Result>,
  state: State,
  { op, returned }: Operation<Op, Result>,
): readonly State[] {
  if (returned === undefined) return model.unheard(state, op);
  const next = model.step(state, op, returned.result);
  return next === undefined ? [] : [next];
}

/** What can be done to a key. A value is text that is not empty; "" stands for a key that is not there. */
export type KeyOp =
  | { readonly kind: "read" }
  /** "" deletes it. */
  | { readonly kind: "write"; readonly value: string }
  /** Only over the version that held `over`; "": only if it is not there. */
  | { readonly kind: "cas"; readonly over: string; readonly value: string };

/** What a read found; of a check-and-set whether it won; of a write "ok". */
export type KeyResult = string | boolean;

/** A key. Every value is written once only, so that a value stands for its version. */
export function keyModel(initial: string): Model<string, KeyOp, KeyResult> {
  return {
    initial,
    key: (state) => state,
    step(state, op, result) {
      if (op.kind === "read") return state === result ? state : undefined;
      if (op.kind === "write") return op.value;
      const wins = state === op.over;
      if (wins !== result) return undefined;
      return wins ? op.value : state;
    },
    unheard(state, op) {
      if (op.kind === "read") return [state];
      return op.kind === "write" || state === op.over ? [op.value] : [state];
    },
  };
}

/** What can be done to a lock, each by a session. */
export type LockOp =
  | { readonly kind: "acquire" | "release"; readonly session: string }
  | { readonly kind: "read" };

/** Whether it was done; of a read who holds it, "" for nobody. */
export type LockResult = string | boolean;

/** A lock: held by one session at a time, which may take it again; only its holder lets go of it. */
export function lockModel(initial: string): Model<string, LockOp, LockResult> {
  const done = (state: string, { kind, session }: Exclude<LockOp, { kind: "read" }>): string | undefined => {
    if (kind === "acquire") return state === "" || state === session ? session : undefined;
    return state === session ? "" : undefined;
  };
  return {
    initial,
    key: (state) => state,
    step(state, op, result) {
      if (op.kind === "read") return state === result ? state : undefined;
      const next = done(state, op);
      if ((next !== undefined) !== result) return undefined;
      return next ?? state;
    },
    unheard: (state, op) => [op.kind === "read" ? state : (done(state, op) ?? state)],
  };
}
