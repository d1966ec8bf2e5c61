import type { EventHub } from "./events.ts";
import type { InstanceListener } from "./supervise/instance.ts";
import type { LogBook } from "./supervise/lines.ts";

/** How many of its last lines an ended process is quoted with. */
const quoted = 5;

/** Turns what an instance does into events; `own` is what this kind of process needs besides. */
export function instanceListener(
  { events, logs }: { readonly events: EventHub; readonly logs: LogBook },
  service: string,
  instance: string,
  own: Pick<InstanceListener, "ready" | "gone">,
): InstanceListener {
  return {
    ...own,
    state: (state, pid) =>
      events.emit({ type: "state", service, instance, state, ...(pid === undefined ? {} : { pid }) }),
    exited: ({ pid, startedAt, reason, uptimeMs, retryMs, loop }) => {
      const lastWords = logs.lastWords(instance, quoted, startedAt).map((line) => line.text);
      events.emit({ type: "exited", service, instance, pid, reason, uptimeMs, retryMs, lastWords });
      if (loop !== undefined) events.emit({ type: "crash-loop", service, instance, ...loop, lastWords });
    },
    slow: (afterMs) => events.emit({ type: "slow-start", service, instance, afterMs }),
  };
}
