import { type Clock, type Timer, TuskerError } from "../../kernel/index.ts";
import type { ClientAnswer, UrlRequest } from "../../net/index.ts";
import { type RegistryHttp, refused, unreachable } from "../http.ts";
import { eventStreamParser, type StreamEvent } from "./event-stream.ts";

/** Three signs of life missed: the connection is dead, whatever the system below thinks. */
const silentMs = 45_000;

/**
 * Opens an event stream; undefined: the registry has none.
 *
 * @throws TuskerError DISCOVERY_UNREACHABLE (also while reading: silence, a broken connection), DISCOVERY_PROTOCOL,
 * KERNEL_ABORTED
 */
export async function readEvents(
  http: RegistryHttp,
  { url, signal }: { readonly url: string; readonly signal: AbortSignal },
  clock: Clock,
): Promise<AsyncIterable<StreamEvent> | undefined> {
  const silence = new AbortController();
  const request: UrlRequest = {
    method: "GET",
    url,
    headers: ["Accept", "text/event-stream"],
    signal: AbortSignal.any([signal, silence.signal]),
    headTimeoutMs: 10_000,
  };
  try {
    const answer = await http.request(request);
    const type = answer.header("content-type") ?? "";
    if (answer.status === 200 && type.startsWith("text/event-stream"))
      return eventsOf(answer, url, { clock, silence });
    if (answer.status === 200 || answer.status === 404 || answer.status === 405) {
      answer.discard();
      return undefined;
    }
    throw refused(request, answer.status, await answer.text(4_096));
  } catch (cause) {
    throw unreachable(url, cause);
  }
}

async function* eventsOf(
  answer: ClientAnswer,
  url: string,
  { clock, silence }: { readonly clock: Clock; readonly silence: AbortController },
): AsyncGenerator<StreamEvent> {
  const parser = eventStreamParser();
  const decoder = new TextDecoder();
  const tooLong = new TuskerError("DISCOVERY_UNREACHABLE", `the registry at ${url} fell silent`);
  const listen = (): Timer => clock.after(silentMs, () => silence.abort(tooLong));
  let timer = listen();
  try {
    for await (const chunk of answer.body) {
      timer.cancel();
      timer = listen();
      yield* parser.push(decoder.decode(chunk, { stream: true }));
    }
  } catch (cause) {
    throw unreachable(url, cause);
  } finally {
    timer.cancel();
  }
}
