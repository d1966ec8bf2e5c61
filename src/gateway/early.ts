import type { EarlyAnswer, EarlyMarks } from "../net/index.ts";
import type { Door } from "./door.ts";
import { earlyLine, isLogged } from "./policy/access-log.ts";
import { statusWord } from "./refusal.ts";
import { earlySpan, endServerSpan } from "./spans.ts";

/**
 * What is answered below the gateway, to bytes that are no request, to a head that does not come, to a connection too
 * many. It is found again as every other answer is: by a trace id, in the access log, among the requests without route.
 */
export function earlyAnswer(door: Door, answer: EarlyAnswer): EarlyMarks {
  const { status, code, method } = answer;
  const span = earlySpan(door.tracer, answer);
  const { traceId } = span.context;
  span.setAttribute("tusker.code", code);
  endServerSpan(span, status);
  // How long it took nobody knows: there was no beginning.
  door.strayMeter.answered(method, status, 0);
  if (isLogged(status, door.snapshot.accessLog, door.random))
    door.access.info("access", earlyLine(answer, traceId));
  return { traceId, fields: ["Proxy-Status", statusWord(code)] };
}
