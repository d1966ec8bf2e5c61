import type { Topic } from "../state/topics.ts";
import type { WrittenReply } from "./written.ts";

/** What a kept answer was made of: as long as none of it moves, the answer is what would be made again. */
export interface MadeOf {
  readonly topic: Topic;
  /** Index of the last change of the topic, in the answer. */
  readonly index: number;
  /** Moves when the answer does though nothing changed: what checks say. */
  readonly said: () => number;
  /** It, when the answer was made. */
  readonly saidThen: number;
}

/** Answers kept as bytes, by what was asked: a lookup that many repeat is rendered once per change. */
export interface ReplyCache {
  /** The answer to this question, if it is still true: not to be told before its index is safe. */
  get(question: string): KeptReply | undefined;
  /** Keeps an answer; one that is too large, or no longer true, is not kept. */
  keep(question: string, madeOf: MadeOf, answer: WrittenReply): void;
}

/** An answer, and the index of the last change in it. */
export interface KeptReply {
  readonly answer: WrittenReply;
  readonly madeOf: Pick<MadeOf, "index">;
}

/** All answers together; one may take a sixteenth. */
const maxBytes = 8 * 1024 * 1024;

/** What an entry weighs beside its body and its question. */
const entryBytes = 500;

interface Entry extends KeptReply {
  readonly madeOf: MadeOf;
  readonly weight: number;
}

/**
 * @param version index of the last change of a topic
 * @param limit bytes that are kept at most; the answers kept longest go first
 */
export function replyCache(version: (topic: Topic) => number, limit: number = maxBytes): ReplyCache {
  const entries = new Map<string, Entry>();
  let weight = 0;
  const holds = ({ topic, index, said, saidThen }: MadeOf): boolean =>
    version(topic) === index && said() === saidThen;
  const drop = (question: string, entry: Entry): void => {
    entries.delete(question);
    weight -= entry.weight;
  };
  return {
    get(question) {
      const entry = entries.get(question);
      if (entry === undefined) return undefined;
      if (holds(entry.madeOf)) return entry;
      drop(question, entry);
      return undefined;
    },
    keep(question, madeOf, answer) {
      const own = answer.body.byteLength + question.length * 2 + entryBytes;
      if (own > limit / 16 || !holds(madeOf)) return;
      const before = entries.get(question);
      if (before !== undefined) drop(question, before);
      entries.set(question, { answer, madeOf, weight: own });
      weight += own;
      for (const [oldest, entry] of entries) {
        if (weight <= limit) break;
        drop(oldest, entry);
      }
    },
  };
}

/** Keeps nothing. */
export const noReplies: ReplyCache = { get: () => undefined, keep: () => undefined };

/**
 * The question of a request: what it asks, without how long it is willing to wait. Undefined when a wait may hide
 * behind other letters: `%69ndex=5` is an `index` too.
 */
export function questionOf(target: string, waits: boolean): string | undefined {
  const mark = target.indexOf("?");
  if (mark === -1) return target;
  const parameters = target.slice(mark + 1).split("&");
  const rest = parameters.filter((one) => !/^(?:index|wait)(?:=|$)/.test(one));
  if (waits && (rest.length === parameters.length || rest.some((one) => /^[^=]*%/.test(one))))
    return undefined;
  return rest.length === parameters.length ? target : `${target.slice(0, mark)}?${rest.join("&")}`;
}
