/** What holds of the access log, for any request and any lines. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, systemClock } from "../../kernel/index.ts";
import { type ServerExchange, serveHttp1 } from "../../net/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { ask } from "../fixture.test.ts";
import { lineFile, lineQueue } from "./access-lines.ts";
import { accessLine, trail } from "./access-log.ts";

test("a line tells nothing of query, fields and body, and is one line of JSON whatever was sent", async () => {
  const seen: ServerExchange[] = [];
  await using server = await serveHttp1(
    (exchange) => {
      seen.push(exchange);
      return exchange.respond({ status: 204 });
    },
    { port: 0 },
  );
  const word = fc.stringMatching(/^[A-Za-z0-9]{6,12}$/);
  const path = fc.stringMatching(/^\/[!"$-;=@-Z^-~]{0,20}$/);
  await fc.assert(
    fc.asyncProperty(
      path,
      word,
      word,
      fc.integer({ min: 200, max: 599 }),
      async (at, secret, field, status) => {
        fc.pre(!at.includes(secret) && !at.includes(field));
        await ask(server.port, `${at}?token=${secret}`, { headers: ["Authorization", `Bearer ${field}`] });
        const exchange = seen.at(-1);
        assert.ok(exchange !== undefined);
        const lines: string[] = [];
        const log = createLogger({
          service: "gateway",
          write: (line) => lines.push(line),
          clock: manualClock(),
        });
        const to = { kind: "options", allow: [] } as const;
        log.info("access", accessLine(exchange, to, { status, tookMs: 1, traceId: "0af7" }, trail()));
        const [line = "", ...more] = lines;
        assert.deepEqual([more, line.includes("\n")], [[], false]);
        assert.ok(!line.includes(secret) && !line.includes(field), line);
        const told = JSON.parse(line);
        assert.deepEqual([told.path, told.status, told.trace_id], [at, status, "0af7"]);
      },
    ),
    { numRuns: 40 },
  );
});

test("whatever lines come and whenever, the file has them whole and in order, or they are counted", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-lines-"));
  const silent = createLogger({ service: "gateway", write: () => {}, clock: manualClock() });
  let number = 0;
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.string(), fc.constant("x".repeat(400_000)), fc.constant("pause" as const))),
        async (steps) => {
          const path = join(folder, String(number++));
          const written: string[] = [];
          let dropped = 0;
          {
            await using file = lineFile(path, silent, systemClock);
            for (const step of steps) {
              const before = file.dropped;
              if (step === "pause") await new Promise(setImmediate);
              else {
                const line = JSON.stringify(step);
                file.write(line);
                if (file.dropped === before) written.push(line);
              }
            }
            dropped = file.dropped;
          }
          const lines = steps.filter((step) => step !== "pause").length;
          assert.equal(written.length + dropped, lines);
          const text = written.length === 0 ? "" : readFileSync(path, "utf8");
          assert.equal(text, written.map((line) => `${line}\n`).join(""));
        },
      ),
      { numRuns: 30 },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("whoever does not take lines costs the lines that have no room, and the end a second", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(300_000), { minLength: 1, maxLength: 20 }), async (lengths) => {
      const clock = manualClock();
      const taken: string[] = [];
      const queue = lineQueue({
        append: (text) => {
          taken.push(text);
          return new Promise(() => {});
        },
        onFailure: () => assert.fail("nothing failed"),
        clock,
      });
      let waiting = 0;
      for (const [at, length] of lengths.entries()) {
        const { dropped } = queue;
        queue.write("x".repeat(length));
        if (at > 0 && queue.dropped === dropped) waiting += length;
      }
      assert.equal(taken.length, 1, "one piece is on its way");
      assert.ok(waiting <= 1_048_576);
      assert.equal(queue.dropped > 0, lengths.slice(1).reduce((sum, one) => sum + one, 0) > 1_048_576);
      let over = false;
      const end = queue[Symbol.asyncDispose]().then(() => {
        over = true;
      });
      clock.advance(999);
      await Promise.resolve();
      assert.equal(over, false);
      clock.advance(1);
      await end;
    }),
    { numRuns: 100 },
  );
});
