import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runAnswer } from "./answer-judge.ts";
import { runCase } from "./judge.ts";
import type { Referee } from "./referee.ts";
import type { ScriptedOrigin } from "./scripted-origin.ts";

/** What curl, Node, Python and nginx said to each other, byte for byte. */
export interface RecordedExchange {
  readonly name: string;
  readonly request: Buffer;
  readonly answer: Buffer;
}

const folder = resolve(import.meta.dirname, "../../fuzz/recorded");

export function recordedExchanges(): readonly RecordedExchange[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".request"))
    .map((file) => {
      const name = file.slice(0, -".request".length);
      return {
        name,
        request: readFileSync(join(folder, file)),
        answer: readFileSync(join(folder, `${name}.answer`)),
      };
    });
}

/** The request cut in two at every `step`th byte: whole at the origin, and answered, wherever that was. */
export async function cutRequest(
  port: number,
  referee: Referee,
  { name, request }: RecordedExchange,
  step: number,
): Promise<number> {
  const last = "GET /last HTTP/1.1\r\nHost: a\r\nX-Case: $.last\r\nConnection: close\r\n\r\n";
  let cases = 0;
  for (let at = 1; at < request.length; at += step) {
    const id = `${name}-${at}`;
    const bytes = Buffer.concat([
      marked(request, `X-Case: ${id}.0`),
      Buffer.from(last.replace("$", id), "latin1"),
    ]);
    const { faults, expected, forwarded, statuses } = await runCase(
      port,
      referee,
      { id, bytes },
      { splitAt: at },
    );
    assert.deepEqual([id, faults, forwarded], [id, [], expected.messages.length]);
    assert.ok(forwarded > 0 && statuses.every((status) => status === 200), `${id}: ${statuses}`);
    cases++;
  }
  assert.deepEqual(referee.faults, []);
  return cases;
}

/** The answer cut in two at every `step`th byte: the same for the client as when it came whole. */
export async function cutAnswer(
  port: number,
  origin: ScriptedOrigin,
  { name, request, answer }: RecordedExchange,
  step: number,
): Promise<number> {
  const method = request.subarray(0, 5).equals(Buffer.from("HEAD ")) ? "HEAD" : "GET";
  const run = async (cutAt: number): Promise<unknown> => {
    const id = `${name}-${cutAt}`;
    const bytes = marked(answer, `X-Echo: ${name}`);
    const { faults, passed, answers } = await runAnswer(port, origin, { id, method, bytes }, { cutAt });
    assert.deepEqual([id, faults, passed], [id, [], true]);
    return answers
      .slice(0, -1)
      .map(({ start, fields, body, trailers }) => [
        ...[start, fields.filter(([field]) => field !== "Date"), body.toString("latin1"), trailers],
      ]);
  };
  const whole = await run(answer.length * 2);
  let cases = 0;
  for (let at = 1; at < answer.length; at += step) {
    assert.deepEqual(await run(at), whole, `${name} cut at ${at}`);
    cases++;
  }
  return cases;
}

/** The message with one more field, by which it is known. It stands last in the head that counts. */
function marked(message: Buffer, field: string): Buffer {
  const text = message.toString("latin1");
  const from = /^HTTP\/1\.1 1\d\d /.test(text) ? text.indexOf("\r\n\r\n") + 4 : 0;
  const end = text.indexOf("\r\n\r\n", from);
  return Buffer.from(`${text.slice(0, end)}\r\n${field}${text.slice(end)}`, "latin1");
}
