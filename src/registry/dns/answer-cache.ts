import type { Random } from "../../kernel/index.ts";

/** Replies to questions that were asked a moment ago, as bytes. */
export interface AnswerCache {
  /**
   * A reply to a message that differs at most in its id, to be sent as it is; undefined: make one and keep it. It is
   * lent until the next call: who holds on to it longer has everything forgotten.
   */
  get(message: Buffer): Buffer | undefined;
  /** Keeps a reply that was made from what is true, and safe to tell, now. */
  keep(message: Buffer, reply: Uint8Array): void;
  /** Nothing that was given out is written to any more. */
  forget(): void;
}

export interface AnswerCacheOptions {
  /** Moves whenever a reply might look different: everything kept is forgotten. */
  readonly version: () => number;
  readonly random: Random;
  /** Bytes kept at most, default 4 MiB; when they are reached everything is forgotten. */
  readonly maxBytes?: number;
}

/**
 * How many orders of the same answer are in use at once. One in as many questions is answered anew and takes the place
 * of another, so that a large service is seen whole in the end, and shares stay what its weights say.
 */
const orders = 8;
const idBytes = 2;

/** What a question weighs beside its bytes. */
const entryBytes = 200;

/** Keeps replies by the whole question after its id: flags, name, type and what the asker takes. */
export function answerCache({
  version,
  random,
  maxBytes = 4 * 1024 * 1024,
}: AnswerCacheOptions): AnswerCache {
  const replies = new Map<string, Buffer[]>();
  let madeAt = version();
  let bytes = 0;
  const forget = (): void => {
    replies.clear();
    bytes = 0;
  };
  const questionOf = (message: Buffer): string => message.toString("latin1", idBytes);
  return {
    get(message) {
      const now = version();
      if (now !== madeAt) {
        madeAt = now;
        forget();
        return undefined;
      }
      const known = replies.get(questionOf(message))?.[random.below(orders)];
      if (known === undefined || random.below(orders) === 0) return undefined;
      // RFC 1035 §4.1.1: the id of the question.
      known[0] = message[0] ?? 0;
      known[1] = message[1] ?? 0;
      return known;
    },
    keep(message, reply) {
      if (version() !== madeAt) return;
      const question = questionOf(message);
      const known = replies.get(question) ?? [];
      const place = known.length < orders ? known.length : random.below(orders);
      bytes +=
        reply.length - (known[place]?.length ?? -entryBytes - (known.length === 0 ? question.length * 2 : 0));
      if (bytes > maxBytes) return forget();
      known[place] = Buffer.from(reply);
      replies.set(question, known);
    },
    forget,
  };
}
