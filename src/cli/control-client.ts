import type { RunFile } from "../fleet/index.ts";
import { fromProblem, messageOf, TuskerError } from "../kernel/index.ts";
import { type ClientAnswer, httpClient } from "../net/index.ts";

/** Speaks to the admin API of a running fleet. */
export interface ControlClient extends AsyncDisposable {
  get(path: string): Promise<unknown>;
  post(path: string): Promise<unknown>;
  /** The body of an endless answer, as text pieces. */
  follow(path: string): AsyncIterable<string>;
}

const maxAnswer = 64 * 1024 * 1024;

export function controlClient(run: RunFile): ControlClient {
  const http = httpClient();
  const ask = async (method: string, path: string): Promise<ClientAnswer> => {
    try {
      return await http.request({
        method,
        url: `${run.control}${path}`,
        headers: ["Authorization", `Bearer ${run.token}`],
        // A restart answers when the service is ready, or after the fleet's own start_timeout.
        headTimeoutMs: 600_000,
      });
    } catch (error) {
      throw new TuskerError(
        "CONTROL_UNREACHABLE",
        `the admin API at ${run.control} does not answer: ${messageOf(error)}`,
        { cause: error },
      );
    }
  };
  const read = async (answer: ClientAnswer): Promise<unknown> => {
    const text = await answer.text(maxAnswer);
    const body: unknown = JSON.parse(text);
    if (answer.status >= 400)
      throw (
        fromProblem(body) ?? new TuskerError("CONTROL_UNREACHABLE", `the admin API answered ${answer.status}`)
      );
    return body;
  };
  return {
    get: async (path) => read(await ask("GET", path)),
    post: async (path) => read(await ask("POST", path)),
    async *follow(path) {
      const answer = await ask("GET", path);
      if (answer.status !== 200) await read(answer);
      const decoder = new TextDecoder();
      for await (const chunk of answer.body) yield decoder.decode(chunk, { stream: true });
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}
