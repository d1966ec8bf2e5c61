/** A registry on a real port with a clock that is driven by hand, for every test over the wire. */
import assert from "node:assert/strict";
import { type ManualClock, manualClock, seededRandom, systemClock } from "../kernel/index.ts";
import { type HttpClient, httpClient } from "../net/index.ts";
import { type Registry, type RegistryOptions, startRegistry } from "./registry.ts";

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
  header(name: string): string | undefined;
}

export interface Bench extends AsyncDisposable {
  readonly registry: Registry;
  readonly clock: ManualClock;
  readonly http: HttpClient;
  readonly logged: string[];
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  put(path: string, body?: unknown): Promise<void>;
  get(path: string): Promise<unknown>;
  index(path: string): Promise<number>;
  until(so: () => boolean): Promise<void>;
}

export async function bench(options: Partial<RegistryOptions> = {}): Promise<Bench> {
  const clock = manualClock();
  const http = httpClient();
  const logged: string[] = [];
  const log = {
    info: (message: string) => void logged.push(message),
    error: (message: string) => void logged.push(message),
  };
  const registry = await startRegistry({
    port: 0,
    clock,
    random: seededRandom(1),
    log,
    node: "n1",
    ...options,
  });
  const t: Bench = {
    registry,
    clock,
    http,
    logged,
    async ask(method, path, body) {
      const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
      const answer = await http.request({
        method,
        url: `${registry.url}${path}`,
        ...(text === undefined ? {} : { body: text }),
      });
      const said = await answer.text(10_000_000);
      return {
        status: answer.status,
        text: said,
        get json() {
          return JSON.parse(said);
        },
        header: (name) => answer.header(name),
      };
    },
    async put(path, body) {
      const answer = await t.ask("PUT", path, body);
      assert.equal(answer.status, 200, answer.text);
    },
    get: async (path) => (await t.ask("GET", path)).json,
    index: async (path) => Number((await t.ask("GET", path)).header("x-consul-index")),
    async until(so) {
      // In real time: what is waited for may be a process of its own, on a machine that is busy.
      const from = systemClock.now();
      while (!so() && systemClock.now() - from < 15_000)
        await new Promise((resolve) => setImmediate(resolve));
      assert.ok(so(), `never: ${so}`);
    },
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
  return t;
}
