import { connect } from "node:net";
import type { Clock } from "../../kernel/index.ts";
import type { HttpClient } from "../../net/index.ts";

/** True when the address answers 2xx. A refusal, an error and a slow answer are all "not yet". */
export async function answers(http: HttpClient, url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await http.request({ method: "GET", url, signal, headTimeoutMs: 2_000 });
    answer.discard();
    return answer.status >= 200 && answer.status < 300;
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
}

/** True when somebody accepts a connection within `timeoutMs`; false at once when the signal fires. */
export function reachable(
  host: string,
  port: number,
  {
    clock,
    signal,
    timeoutMs = 2_000,
  }: { readonly clock: Clock; readonly signal: AbortSignal; readonly timeoutMs?: number },
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (reached: boolean): void => {
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(reached);
    };
    const onAbort = (): void => end(false);
    const timer = clock.after(timeoutMs, onAbort);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", () => end(true));
    socket.once("error", onAbort);
  });
}
