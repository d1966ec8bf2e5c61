import { problemMediaType, toProblem, toTuskerError } from "../kernel/index.ts";
import type { ServerExchange, ServerHandler } from "./exchange.ts";

/**
 * Gives an exchange to the handler. What the handler throws becomes a problem document while nothing was sent, and a
 * broken connection afterwards; nothing of it reaches the process.
 */
export function dispatch(
  handler: ServerHandler,
  exchange: ServerExchange,
  onError: (error: unknown) => void = () => {},
): void {
  const failed = (error: unknown): void => {
    onError(error);
    if (exchange.answered) {
      exchange.abort();
      return;
    }
    const problem = toProblem(toTuskerError(error));
    const headers = ["content-type", problemMediaType];
    exchange.respond({ status: problem.status, headers, body: JSON.stringify(problem) }).catch(onError);
  };
  try {
    const running = handler(exchange);
    if (running !== undefined) running.catch(failed);
  } catch (error) {
    failed(error);
  }
}
