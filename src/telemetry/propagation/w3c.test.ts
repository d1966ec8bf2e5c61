import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readTraceState, readW3c, writeTraceparent } from "./w3c.ts";

const trace = "12345678901234567890123456789012";
const span = "1234567890123456";
const good = `00-${trace}-${span}-01`;

test("a plain traceparent is read", () => {
  assert.deepEqual(readW3c(good, undefined), { traceId: trace, spanId: span, flags: 1 });
});

test("white space around the value is no part of it", () => {
  assert.equal(readW3c(` \t${good} `, undefined)?.traceId, trace);
});

// The cases of w3c/trace-context, test/test.py, class TraceContextTest.
const restarts: Record<string, string> = {
  "version of one digit": `0-${trace}-${span}-01`,
  "version with a dot": `.0-${trace}-${span}-01`,
  "version ff": `ff-${trace}-${span}-01`,
  "version not hex": `xx-${trace}-${span}-01`,
  "version of three digits": `000-${trace}-${span}-01`,
  "version 00 with a fifth field": `${good}-what-the-future`,
  "version 00 with a trailing dash": `${good}-`,
  "version cc with a dot after the flags": `cc-${trace}-${span}-01.what-the-future`,
  "version cc with longer flags": `cc-${trace}-${span}-01what`,
  "trace id all zero": `00-${"0".repeat(32)}-${span}-01`,
  "trace id with a dot": `00-.2345678901234567890123456789012-${span}-01`,
  "trace id uppercase": `00-${"A".repeat(32)}-${span}-01`,
  "trace id too long": `00-${trace}3-${span}-01`,
  "trace id too short": `00-${trace.slice(1)}-${span}-01`,
  "parent id all zero": `00-${trace}-${"0".repeat(16)}-01`,
  "parent id with a dot": `00-${trace}-.234567890123456-01`,
  "parent id uppercase": `00-${trace}-${"A".repeat(16)}-01`,
  "parent id too long": `00-${trace}-${span}7-01`,
  "parent id too short": `00-${trace}-${span.slice(1)}-01`,
  "flags with a dot": `00-${trace}-${span}-.0`,
  "flags of one digit": `00-${trace}-${span}-1`,
  "flags of three digits": `00-${trace}-${span}-001`,
  "flags uppercase": `00-${trace}-${span}-0A`,
  "two values in one field": `${good},${good}`,
  nothing: "",
};

for (const [name, value] of Object.entries(restarts)) {
  test(`the trace restarts: ${name}`, () => assert.equal(readW3c(value, "foo=1"), undefined));
}

test("a future version is read as far as it is known", () => {
  assert.equal(readW3c(`cc-${trace}-${span}-01`, undefined)?.traceId, trace);
  assert.equal(readW3c(`cc-${trace}-${span}-01-what-the-future-will-be-like`, undefined)?.spanId, span);
  assert.equal(readW3c(`01-${trace}-${span}-01-`, undefined)?.flags, 1);
});

test("of the flags sampled and random are kept, others are dropped", () => {
  const flags = (text: string) => readW3c(`00-${trace}-${span}-${text}`, undefined)?.flags;
  assert.deepEqual(
    [flags("00"), flags("01"), flags("02"), flags("03"), flags("ff"), flags("fc")],
    [0, 1, 2, 3, 3, 0],
  );
});

test("version 00 is written whatever was read", () => {
  const context = readW3c(`cc-${trace}-${span}-03-future`, undefined);
  assert.ok(context);
  assert.equal(writeTraceparent(context), `00-${trace}-${span}-03`);
});

test("without a readable traceparent the tracestate is dropped", () => {
  assert.equal(readW3c(undefined, "foo=1"), undefined);
});

// The cases of w3c/trace-context, test/test.py, class TraceStateTest, with the key grammar of Level 2.
const states: [name: string, text: string, expected: string | undefined][] = [
  ["one member", "foo=1", "foo=1"],
  ["order is kept", "foo=1,bar=2", "foo=1,bar=2"],
  ["white space around members", "foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"],
  ["empty members", "foo=1,", "foo=1"],
  ["empty members in the middle", "foo=1,,bar=2", "foo=1,bar=2"],
  ["nothing", "", undefined],
  ["only white space", " \t ", undefined],
  ["of a repeated key the first counts", "foo=1,foo=2", "foo=1"],
  [
    "all characters of a key",
    "abcdefghijklmnopqrstuvwxyz0123456789_-*/=1",
    "abcdefghijklmnopqrstuvwxyz0123456789_-*/=1",
  ],
  ["a key with @", "tenant@vendor=1", "tenant@vendor=1"],
  ["a key that begins with a digit", "0foo=1", "0foo=1"],
  ["a key that ends with @ (Level 2)", "foo@=1", "foo@=1"],
  ["a key with @@ (Level 2)", "a@@b=1", "a@@b=1"],
  ["a key that begins with @", "@foo=1", undefined],
  ["a key with a space", "foo =1", undefined],
  ["an uppercase key", "FOO=1", undefined],
  ["a key with a dot", "foo.bar=1", undefined],
  ["an empty key", "=1", undefined],
  ["a member without =", "foo", undefined],
  ["an empty value", "foo=", undefined],
  ["a value with =", "foo=bar=baz", undefined],
  ["a value with a space in it", "foo=bar baz", "foo=bar baz"],
  ["a value with a control character", "foo=bar\u0001", undefined],
  ["a value with é", "foo=é", undefined],
  ["one bad member spoils the list", "foo=1,bar.=2", undefined],
  ["a key of 256", `${"z".repeat(256)}=1`, `${"z".repeat(256)}=1`],
  ["a key of 257", `${"z".repeat(257)}=1`, undefined],
  ["a value of 256", `foo=${"v".repeat(256)}`, `foo=${"v".repeat(256)}`],
  ["a value of 257", `foo=${"v".repeat(257)}`, undefined],
  ["32 members", list(32), list(32)],
  ["33 members", list(33), undefined],
];

for (const [name, text, expected] of states) {
  test(`tracestate: ${name}`, () => {
    assert.equal(readTraceState(text), expected);
    assert.equal(readW3c(good, text)?.traceState, expected);
  });
}

test("what is written can be read back, and no text makes the readers throw", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => void readW3c(a, b)));
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 0x17f })).map((list) => String.fromCharCode(...list)),
      (text) => {
        const once = readTraceState(text);
        if (once !== undefined) assert.equal(readTraceState(once), once);
      },
    ),
  );
});

function list(members: number): string {
  return Array.from({ length: members }, (_, i) => `bar${i}=${i}`).join(",");
}
