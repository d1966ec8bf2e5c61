import { Agent, request } from "node:http";

/** What clients on kept connections heard until they were told to go. */
export interface Posted {
  readonly answered: number;
  /** Everything that was no 200. */
  readonly failures: readonly string[];
}

/** Clients that POST one after the other, each on a connection of its own, until an answer says that it closes. */
export function posts(url: string, clients: number): { readonly answered: number; over(): Promise<Posted> } {
  let answered = 0;
  const failures: string[] = [];
  const all = Promise.all(
    Array.from({ length: clients }, async () => {
      using agent = disposable(new Agent({ keepAlive: true, maxSockets: 1 }));
      for (let open = true; open; ) {
        const { status, closes } = await post(url, agent.agent);
        if (status === "200") answered++;
        else failures.push(status);
        open = status === "200" && !closes;
      }
    }),
  );
  return {
    get answered() {
      return answered;
    },
    over: async () => {
      await all;
      return { answered, failures };
    },
  };
}

function disposable(agent: Agent): { readonly agent: Agent } & Disposable {
  return { agent, [Symbol.dispose]: () => agent.destroy() };
}

function post(url: string, agent: Agent): Promise<{ readonly status: string; readonly closes: boolean }> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      resolve({
        status: `${error.code} of a ${sent.reusedSocket ? "kept" : "new"} connection`,
        closes: true,
      });
    const sent = request(url, { method: "POST", agent }, (answer) => {
      answer.on("error", failed);
      answer.on("end", () =>
        resolve({ status: String(answer.statusCode), closes: answer.headers.connection === "close" }),
      );
      answer.resume();
    });
    sent.on("error", failed);
    sent.end('{"item":1}');
  });
}
