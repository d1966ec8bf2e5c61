import type { Clock } from "../../kernel/index.ts";
import { parseHealthAnswer } from "../answer.ts";
import { askRegistry, type RegistryHttp, wireUrl } from "../http.ts";
import type { Source } from "../source.ts";
import { fromStart, nextIndex } from "./blocking-index.ts";
import { pace } from "./pace.ts";

/** What asking needs. */
export interface QuestionsOptions {
  readonly url: string;
  readonly http: RegistryHttp;
  readonly clock: Clock;
  /** How long one question stays open. */
  readonly waitMs: number;
}

const questionEveryMs = 50;

/** Learns by blocking queries: asks with the last index, and the answer comes when something changed. */
export function questions(service: string, { url, http, clock, waitMs }: QuestionsOptions): Source {
  const next = pace(questionEveryMs, clock);
  return {
    async run(hear, signal) {
      // From the start each time: the registry may be another one, whose indexes say nothing about ours.
      let index = fromStart;
      let closing = true;
      for (;;) {
        await next.next(signal);
        const path = `/v1/health/service/${encodeURIComponent(service)}?passing=1&index=${index}&wait=${waitMs}ms`;
        const answer = await askRegistry(http, {
          method: "GET",
          url: wireUrl(url, path),
          signal,
          // The registry adds up to a sixteenth to the wait so that not all its clients wake at once.
          headTimeoutMs: waitMs * (17 / 16) + 5_000,
        });
        const after = nextIndex(index, answer.index);
        // A registry that stops answers what is open and closes; the next answer may be that of an empty one.
        if (after === fromStart || (answer.last && !closing)) hear.doubt();
        // One that closes after every answer means nothing by it.
        closing = answer.last;
        index = after;
        hear.tell(parseHealthAnswer(service, answer.text));
      }
    },
  };
}
