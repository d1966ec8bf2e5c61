import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { count, durationMs, httpUrl, port, ratio, sizeBytes } from "./section.ts";

function accepts(word: z.ZodType, values: readonly unknown[]): void {
  for (const value of values) assert.equal(word.safeParse(value).success, true, String(value));
}

function refuses(word: z.ZodType, values: readonly unknown[]): void {
  for (const value of values) {
    const { error } = word.safeParse(value);
    assert.ok(error !== undefined && error.issues.length >= 1, String(value));
  }
}

function messagesOf(word: z.ZodType, value: unknown): string[] {
  return (word.safeParse(value).error?.issues ?? []).map((issue) => issue.message);
}

test("a duration becomes milliseconds", () => {
  assert.equal(durationMs().parse("1m30s"), 90_000);
  refuses(durationMs(), ["30", "soon", 30, undefined]);
});

test("a size becomes bytes", () => {
  assert.equal(sizeBytes().parse("64KiB"), 65_536);
  refuses(sizeBytes(), ["64", "big", 64, undefined]);
});

test("the pattern that goes into a JSON Schema takes what the word takes", () => {
  const texts = [
    "30s",
    "1m30s",
    "1.5h",
    "1.h",
    "s",
    "5 s",
    "1m 30s",
    "64KiB",
    "10MB",
    "10M",
    "1B",
    "1b",
    "1.5Gi",
    "10",
    "",
  ];
  const addresses = ["http://a", "https://a:1/b", "ftp://a", "http://", "a.b"];
  for (const word of [durationMs(), sizeBytes(), httpUrl()]) {
    const { pattern } = z.toJSONSchema(word, { io: "input", unrepresentable: "any" });
    for (const text of [...texts, ...addresses])
      assert.equal(new RegExp(pattern ?? "$^", "u").test(text), word.safeParse(text).success, text);
  }
});

test("a port is 0 to 65535", () => {
  accepts(port(), [0, 1, 8080, 65_535]);
  refuses(port(), [-1, 65_536, 80.5, "80", Number.NaN]);
});

test("a count is a whole number of 0 or more", () => {
  accepts(count(), [0, 1, 1000]);
  refuses(count(), [-1, 1.5, "1", Number.POSITIVE_INFINITY]);
});

test("a count says its bounds, whatever is wrong with the number", () => {
  const cases: [word: z.ZodType, values: readonly unknown[], message: string][] = [
    [count(), [-1, 1.5, -1.5, "1"], "must be a whole number of 0 or more"],
    [count({ min: 1 }), [0, -1, 1.5, "1"], "must be a whole number of 1 or more"],
    [count({ max: 10 }), [11, -1, "1"], "must be a whole number 0–10"],
    [count({ min: 1, max: 64 }), [0, 65, "1"], "must be a whole number 1–64"],
  ];
  for (const [word, values, message] of cases)
    for (const value of values) assert.deepEqual(messagesOf(word, value), [message], String(value));
  accepts(count({ min: 1, max: 64 }), [1, 64]);
});

test("a ratio is between 0 and 1, both included", () => {
  accepts(ratio(), [0, 0.5, 1]);
  refuses(ratio(), [-0.01, 1.01, "0.5"]);
});

test("an address is http or https, with a host", () => {
  accepts(httpUrl(), ["http://localhost:8500", "https://a.example/x?y=1"]);
  refuses(httpUrl(), ["localhost:8500", "ftp://a", "http://", "http:///x", "http://a:99999", " http://a", 5]);
});

test("a refusal says what was expected and what was found", () => {
  const issue = durationMs().safeParse("soon").error?.issues[0];
  assert.match(issue?.message ?? "", /"30s".*"soon"/);
});

test("what is no text is refused with the same words as bad text", () => {
  assert.deepEqual(messagesOf(durationMs(), 10), ['must be a duration such as "30s" or "250ms"']);
  assert.deepEqual(messagesOf(sizeBytes(), 64), ['must be a size such as "64KiB" or "10MB"']);
});

test("a duration may have a least value", () => {
  accepts(durationMs(), ["0s"]);
  accepts(durationMs({ minMs: 1 }), ["1ms", "30s"]);
  assert.deepEqual(messagesOf(durationMs({ minMs: 1 }), "0s"), [
    'must be a duration of 1ms or more, found "0s"',
  ]);
});
