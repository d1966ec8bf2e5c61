import type { ProtoMessage } from "./codec.ts";
import type { FieldShape, ServiceShape } from "./shape.ts";

/**
 * Field numbers that were ever given, by service, message and field. A number once given is never given again and a
 * field never changes its type, so that old and new processes understand each other (append-only).
 */
export interface Lock {
  readonly version: 1;
  readonly services: Readonly<Record<string, LockedMessages>>;
}

/** message → field → "number type", for example `"id": "1 string"`. One line per field, so that merges are plain. */
export type LockedMessages = Readonly<Record<string, Readonly<Record<string, string>>>>;

export const emptyLock: Lock = { version: 1, services: {} };

/** A number given to a field that had none. */
export interface LockChange {
  readonly message: string;
  readonly field: string;
  readonly number: number;
  readonly type: string;
}

/** Why the lock and the contract do not fit. */
export interface LockProblem {
  readonly message: string;
  readonly field: string;
  readonly problem: string;
}

export interface Assignment {
  /** The lock with the changes in it. */
  readonly lock: Lock;
  /** The messages of the service with their numbers. */
  readonly messages: ReadonlyMap<string, ProtoMessage>;
  readonly changes: readonly LockChange[];
  readonly problems: readonly LockProblem[];
}

/** Gives every field its number: the one in the lock, else the next after the highest its message ever had. */
export function assignFields(lock: Lock, shape: ServiceShape): Assignment {
  const changes: LockChange[] = [];
  const problems: LockProblem[] = [];
  const messages = new Map<string, ProtoMessage>();
  const before = lock.services[shape.name] ?? {};
  const after: Record<string, Record<string, string>> = {};
  for (const [message, fields] of Object.entries(before)) after[message] = { ...fields };

  for (const { name, fields } of shape.messages) {
    const locked = after[name] ?? {};
    after[name] = locked;
    const numbers = readNumbers(name, locked, problems);
    messages.set(name, {
      name,
      fields: fields.map((field) => {
        const type = typeText(field);
        const known = numbers.get(field.name);
        if (known !== undefined) {
          if (known.type !== type) problems.push(changedType(name, field.name, known, type));
          return { ...field, number: known.number };
        }
        const number = nextNumber(numbers);
        numbers.set(field.name, { number, type });
        locked[field.name] = `${number} ${type}`;
        changes.push({ message: name, field: field.name, number, type });
        return { ...field, number };
      }),
    });
  }
  const services = changes.length === 0 ? lock.services : { ...lock.services, [shape.name]: after };
  return { lock: { version: 1, services }, messages, changes, problems };
}

/** How a field's type is written in the lock and in a .proto file. */
export function typeText(field: FieldShape): string {
  const { kind, cardinality } = field;
  const type =
    kind.kind === "scalar" ? kind.type : kind.kind === "message" ? kind.name : "google.protobuf.Value";
  if (cardinality === "map") return `map<string, ${type}>`;
  return cardinality === "repeated" ? `repeated ${type}` : type;
}

interface Locked {
  readonly number: number;
  readonly type: string;
}

function readNumbers(
  message: string,
  fields: Readonly<Record<string, string>>,
  problems: LockProblem[],
): Map<string, Locked> {
  const numbers = new Map<string, Locked>();
  const holders = new Map<number, string>();
  for (const [field, text] of Object.entries(fields)) {
    const match = /^([1-9]\d{0,8}) (\S.*)$/.exec(text);
    if (match === null) {
      problems.push({ message, field, problem: `"${text}" is not "number type", for example "1 string"` });
      continue;
    }
    const number = Number(match[1]);
    const holder = holders.get(number);
    if (holder !== undefined) {
      problems.push({
        message,
        field,
        problem: `has number ${number}, which ${holder} already has; give it a new one`,
      });
    }
    holders.set(number, field);
    numbers.set(field, { number, type: match[2] ?? "" });
  }
  return numbers;
}

function nextNumber(numbers: ReadonlyMap<string, Locked>): number {
  let highest = 0;
  for (const { number } of numbers.values()) highest = Math.max(highest, number);
  // 19000–19999 belong to protobuf itself.
  return highest + 1 >= 19_000 && highest + 1 < 20_000 ? 20_000 : highest + 1;
}

function changedType(message: string, field: string, known: Locked, type: string): LockProblem {
  const problem =
    `was ${known.type} and is now ${type}; processes that know it as ${known.type} would misread it. ` +
    "Give the changed field a new name and leave this line in the lock";
  return { message, field, problem };
}
