import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, Secret } from "../kernel/index.ts";
import { withSpan } from "./current.ts";
import { createLogger, humanLines, type LogFormat, type LogLevel } from "./logger.ts";
import { ratioSampler } from "./sampler.ts";
import { createTracer } from "./tracer.ts";

const clock = manualClock(Date.UTC(2026, 0, 1, 12, 30, 15, 250));

function setUp(options: { level?: LogLevel; format?: LogFormat } = {}) {
  const lines: string[] = [];
  const log = createLogger({ service: "shop", clock, write: (line) => lines.push(line), ...options });
  return { log, lines };
}

test("a line is one JSON object with time, level, service and message first", () => {
  const { log, lines } = setUp();
  log.info("order stored", { order: "o-1", total: 1250 });
  assert.equal(
    lines[0],
    '{"time":"2026-01-01T12:30:15.250Z","level":"info","severity_number":9,"service.name":"shop","message":"order stored","order":"o-1","total":1250}',
  );
});

test("lines below the level are not written", () => {
  const { log, lines } = setUp({ level: "warn" });
  log.debug("d");
  log.info("i");
  log.warn("w");
  log.error("e");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).level),
    ["warn", "error"],
  );
  assert.equal(log.enabled("info"), false);
  assert.equal(log.enabled("error"), true);
});

test("a line inside a span carries its ids, a line outside carries none", () => {
  const { log, lines } = setUp();
  const tracer = createTracer({
    service: "shop",
    sampler: ratioSampler(1),
    sink: { accept: () => {} },
    clock,
  });
  const span = tracer.startSpan("x");
  withSpan(span, () => log.info("inside"));
  log.info("outside");
  const inside = JSON.parse(lines[0] ?? "");
  assert.equal(inside.trace_id, span.context.traceId);
  assert.equal(inside.span_id, span.context.spanId);
  assert.equal(inside.trace_flags, "01");
  assert.equal("trace_id" in JSON.parse(lines[1] ?? ""), false);
});

test("a child adds its fields to every line, and a line's own fields win", () => {
  const { log, lines } = setUp();
  const child = log.child({ request: "r-1", attempt: 1 }).child({ peer: "p" });
  child.info("x", { attempt: 2 });
  const { request, attempt, peer } = JSON.parse(lines[0] ?? "");
  assert.deepEqual({ request, attempt, peer }, { request: "r-1", attempt: 2, peer: "p" });
});

test("secrets do not reach a line in either format", () => {
  for (const format of [undefined, humanLines({ color: true })]) {
    const { log, lines } = setUp(format === undefined ? {} : { format });
    log
      .child({ api_key: "sk_live_1" })
      .error("x", { key: new Secret("sk_live_2"), deep: { password: "sk_live_3" } });
    assert.equal(lines.length, 1);
    assert.ok(!lines.join().includes("sk_live"));
    assert.ok(lines.join().includes("[secret]"));
  }
});

test("a human line has time, level and fields, and quotes what has spaces", () => {
  const { log, lines } = setUp({ format: humanLines({ color: false }) });
  log.warn("slow answer", { took: "12ms", note: "two words", list: [1, 2], none: undefined });
  assert.equal(
    lines[0],
    '12:30:15.250 warn  slow answer took=12ms note="two words" list=[1,2] none=undefined',
  );
});

test("colour adds escapes around the same words", () => {
  const plain = setUp({ format: humanLines({ color: false }) });
  const colored = setUp({ format: humanLines({ color: true }) });
  for (const { log } of [plain, colored]) log.error("no", { a: 1 });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what is looked for
  assert.equal(colored.lines[0]?.replaceAll(/\u001b\[\d+m/g, ""), plain.lines[0]);
  assert.notEqual(colored.lines[0], plain.lines[0]);
});

test("whatever is logged, one call is one line in both formats and steers no terminal", () => {
  const text = fc
    .array(fc.nat({ max: 0xffff }), { maxLength: 12 })
    .map((list) => String.fromCharCode(...list));
  fc.assert(
    fc.property(text, fc.dictionary(text, fc.oneof(text, fc.array(text))), (message, fields) => {
      for (const format of [undefined, humanLines({ color: false })]) {
        const { log, lines } = setUp(format === undefined ? {} : { format });
        log.info(message, fields);
        assert.equal(lines.length, 1);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
        assert.doesNotMatch(lines[0] ?? "", /[\u0000-\u001f]/);
      }
    }),
  );
  const { log, lines } = setUp({ format: humanLines({ color: false }) });
  log.info("a\nb\u001b[2J", { forged: "x\r\n12:00 error", "na\nme": 1 });
  assert.match(lines[0] ?? "", /info {2}a\\u000ab\\u001b\[2J forged="x\\r\\n12:00 error" na\\u000ame=1/);
});

test("a caller's field cannot take the place of one of ours", () => {
  const { log, lines } = setUp();
  log.info("real", { message: "forged", level: "error", time: "never", note: "n" });
  const line = JSON.parse(lines[0] ?? "");
  assert.deepEqual([line.message, line.level, line.note], ["real", "info", "n"]);
  assert.deepEqual(
    [line["field.message"], line["field.level"], line["field.time"]],
    ["forged", "error", "never"],
  );
});
