/**
 * An operator that asks the network while a file is read: `@http.get("https://config.internal/limits.json")`.
 *
 * `tusker up --plugin examples/plugins/http.ts --allow-network`: no file can permit it. What was answered last is kept in
 * `.tusker/http.json`, so that a fleet starts while the server is away.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { defineOperator } from "tusker/tsk";
import { z } from "zod";

const folder = ".tusker";
const file = `${folder}/http.json`;
const answers = z.record(z.string(), z.string());

export const httpGet = defineOperator({
  name: "http.get",
  parameters: ["url", "timeout_ms"],
  args: z.object({
    url: z.url({ protocol: /^https?$/ }),
    timeout_ms: z.int().min(1).max(10_000).default(2_000),
  }),
  class: "network",
  run: ({ url, timeout_ms: timeoutMs }) => {
    const asked = ask(url, timeoutMs);
    const known = kept();
    const text = asked.text ?? known[url];
    if (text === undefined) throw new Error(`${url} ${asked.why}, and nothing is known from before`);
    if (asked.text !== undefined && asked.text !== known[url]) keep({ ...known, [url]: asked.text });
    const json = z.json().safeParse(tryJson(text));
    return json.success ? json.data : text;
  },
});

/** An operator answers at once, so a process of its own waits for the server. */
function ask(url: string, timeoutMs: number): { readonly text?: string; readonly why: string } {
  const script = `
    const answer = await fetch(process.argv[1], { signal: AbortSignal.timeout(${timeoutMs}) });
    if (!answer.ok) throw new Error("answers " + answer.status);
    process.stdout.write(await answer.text());`;
  const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", script, url], {
    encoding: "utf8",
    timeout: timeoutMs + 1_000,
    maxBuffer: 1024 * 1024,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return status === 0 ? { text: stdout, why: "" } : { why: "does not answer" };
}

function kept(): Readonly<Record<string, string>> {
  try {
    return answers.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}

function keep(all: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify(all), { mode: 0o600 });
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
