import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eventStreamParser, type StreamEvent } from "./event-stream.ts";

const parse = (...pieces: string[]): StreamEvent[] => {
  const parser = eventStreamParser();
  return pieces.flatMap((piece) => [...parser.push(piece)]);
};

test("an event is its name, its lines of data and the last id", () => {
  assert.deepEqual(parse("id: 7\nevent: delta\ndata: a\ndata:b\n\ndata\n\n"), [
    { event: "delta", data: "a\nb", id: "7" },
    { event: "message", data: "", id: "7" },
  ]);
});

test("comments, unknown fields, a byte order mark and an event without data say nothing", () => {
  assert.deepEqual(parse("\uFEFF:\n\nretry: 5\nevent: lost\n\nid: 1\n\ndata: x\n\n"), [
    { event: "message", data: "x", id: "1" },
  ]);
});

test("an id that holds NUL is none", () => {
  assert.deepEqual(parse("id: 1\ndata: x\n\nid: 2\0\ndata: y\n\n").at(-1), {
    event: "message",
    data: "y",
    id: "1",
  });
});

const line = fc.constantFrom("\n", "\r\n", "\r");
const word = fc.string({ maxLength: 8 }).map((text) => text.replaceAll(/[\r\n\0\uFEFF]/g, "").trimStart());
const events = fc.array(
  fc.record({ event: word, data: fc.array(word, { minLength: 1, maxLength: 3 }), id: word }),
  {
    maxLength: 6,
  },
);

test("however the text is cut, and whatever ends its lines, the events are the same", () => {
  fc.assert(
    fc.property(events, line, fc.array(fc.nat(40), { maxLength: 20 }), (list, end, cuts) => {
      const text = list
        .map(({ event, data, id }) =>
          [`id: ${id}`, `event: ${event}`, ...data.map((one) => `data: ${one}`), "", ""].join(end),
        )
        .join("");
      const pieces: string[] = [];
      let rest = text;
      for (const cut of cuts) {
        pieces.push(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
      // What ends in a bare CR waits for what may follow; a sign of life comes soon enough.
      const heard = parse(...pieces, rest, ":");
      const told = list.map(({ event, data, id }) => ({
        event: event || "message",
        data: data.join("\n"),
        id,
      }));
      assert.deepEqual(heard, told);
    }),
  );
});

test("any text is read without an exception", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary-ascii", maxLength: 20 }), { maxLength: 10 }),
      (pieces) => void parse(...pieces),
    ),
  );
});

test("an event that never ends is given up", () => {
  const parser = eventStreamParser(1_000);
  parser.push("data: ");
  assert.throws(() => {
    for (let i = 0; i < 100; i++) parser.push("x".repeat(100));
  }, RangeError);
  const lines = eventStreamParser(1_000);
  assert.throws(() => {
    for (let i = 0; i < 100; i++) lines.push(`data: ${"x".repeat(100)}\n`);
  }, RangeError);
});
