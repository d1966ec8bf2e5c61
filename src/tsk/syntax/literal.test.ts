import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readLiteral } from "./literal.ts";
import { kind } from "./token.ts";

const read = (tokenKind: number, text: string): unknown => {
  const found = readLiteral(tokenKind, text);
  return "code" in found ? found.code : found.value;
};

test("every whole number a double holds exactly reads as itself", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (n) => assert.equal(read(kind.int, String(n)), n)));
});

test("every JSON number of at least zero reads as JSON reads it", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), (n) => {
      const text = JSON.stringify(n);
      assert.equal(read(/[.e]/.test(text) ? kind.float : kind.int, text), JSON.parse(text));
    }),
  );
});

test("a whole number that a double cannot hold is refused instead of changed", () => {
  assert.equal(read(kind.int, "9007199254740993"), "TSK_NUMBER");
  assert.equal(read(kind.int, "0xFFFFFFFFFFFFFFFF"), "TSK_NUMBER");
  assert.equal(read(kind.float, "1e999"), "TSK_NUMBER");
});

test("underscores separate digits and nothing else", () => {
  assert.equal(read(kind.int, "1_000_000"), 1_000_000);
  assert.equal(read(kind.int, "0xdead_beef"), 0xdeadbeef);
  for (const text of ["1_", "1__0", "0x_1"]) assert.equal(read(kind.int, text), "TSK_NUMBER", text);
});

test("a leading zero is refused: octal to some readers, a postal code to others", () => {
  assert.equal(read(kind.int, "007"), "TSK_NUMBER");
  assert.equal(read(kind.int, "0"), 0);
  assert.equal(read(kind.float, "0.5"), 0.5);
});

test("durations keep their text and know their milliseconds", () => {
  assert.deepEqual(read(kind.duration, "1m30s"), { type: "duration", ms: 90_000, text: "1m30s" });
  assert.deepEqual(read(kind.duration, "1_000ms"), { type: "duration", ms: 1000, text: "1000ms" });
});

test("sizes always end in B, so that every reader takes them", () => {
  assert.deepEqual(read(kind.size, "512Mi"), { type: "size", bytes: 536_870_912, text: "512MiB" });
  assert.deepEqual(read(kind.size, "10MB"), { type: "size", bytes: 10_000_000, text: "10MB" });
  assert.equal(read(kind.size, "99999999999PB"), "TSK_NUMBER");
});

test("percentages are shares", () => {
  fc.assert(fc.property(fc.nat(1000), (n) => assert.equal(read(kind.percent, `${n}%`), n / 100)));
});

test("a range holds both ends, in order", () => {
  assert.deepEqual(read(kind.range, "8000-9000"), { type: "range", min: 8000, max: 9000 });
  assert.deepEqual(read(kind.range, "1..1"), { type: "range", min: 1, max: 1 });
  assert.equal(read(kind.range, "2-1"), "TSK_RANGE");
});

test("a date is read when the calendar has it", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 9999 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 31 }),
      (y, m, d) => {
        const text = `${String(y).padStart(4, "0")}-${String(m).padStart(2, "0")}-${String(d).padStart(2, "0")}`;
        const day = new Date(`${text}T00:00:00Z`);
        const exists = !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === text;
        assert.deepEqual(read(kind.date, text), exists ? { type: "date", text } : "TSK_DATE");
      },
    ),
  );
});

test("the fields of a date-time stay in their ranges, second 60 included", () => {
  for (const text of ["2024-02-29T23:59:60Z", "2024-01-01t00:00:00z", "2024-01-01T00:00:00+23:59"])
    assert.deepEqual(read(kind.date, text), { type: "date", text });
  for (const text of [
    "2024-01-01T24:00:00Z",
    "2024-01-01T00:60:00Z",
    "2024-01-01T00:00:61Z",
    "2024-01-01T00:00:00+24:00",
    "2024-00-01",
    "2024-01-00",
  ])
    assert.equal(read(kind.date, text), "TSK_DATE", text);
});
