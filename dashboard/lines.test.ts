import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lineReader, readLogText, withoutColor } from "./lines.ts";

test("lines are the same however the text was cut on its way", () => {
  const cuts = fc.array(fc.nat(40), { maxLength: 6 });
  const lines = fc.array(
    fc.string({ minLength: 1 }).map((text) => `${text.replaceAll("\n", "")}.`),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(lines, cuts, (wanted, at) => {
      const whole = wanted.map((line) => `${line}\n`).join("");
      const heard: string[] = [];
      const push = lineReader((line) => heard.push(line));
      let from = 0;
      for (const cut of [...at.sort((a, b) => a - b), whole.length]) {
        push(whole.slice(from, cut));
        from = Math.max(from, cut);
      }
      assert.deepEqual(heard, wanted);
    }),
  );
});

test("a line without its end waits for it", () => {
  const heard: string[] = [];
  const push = lineReader((line) => heard.push(line));
  push('{"a":');
  assert.deepEqual(heard, []);
  push("1}\n\n");
  assert.deepEqual(heard, ['{"a":1}']);
});

test("colours and links of terminals are taken out", () => {
  assert.equal(withoutColor("\u001b[90m12:00\u001b[0m \u001b[1;31merror\u001b[m x"), "12:00 error x");
  assert.equal(withoutColor("\u001b]8;;http://a\u001b\\link\u001b]8;;\u0007"), "link");
});

test("a JSON line is shown as its message, its other fields after it", () => {
  const line = {
    time: "2026-01-01T00:00:00Z",
    level: "warn",
    severity_number: 13,
    "service.name": "orders",
    message: "card declined",
    trace_id: "0af7651916cd43dd8448eb211c80319c",
    order: "o-1",
    total: 42,
  };
  assert.deepEqual(readLogText(JSON.stringify(line)), {
    text: "card declined order=o-1 total=42",
    level: "warn",
    traceId: "0af7651916cd43dd8448eb211c80319c",
  });
});

test("text that only looks like JSON, and JSON without a message, stay as they are", () => {
  for (const text of ["{not json", '{"a":1}', "[1]", "null", "plain"])
    assert.equal(readLogText(text).text, text);
});

test("a trace id in plain text is found", () => {
  const id = "4bf92f3577b34da6a3ce929d0e0e4736";
  assert.equal(readLogText(`done trace_id=${id} in 3 ms`).traceId, id);
  assert.equal(readLogText("done 4bf92f3577b34da6").traceId, undefined);
});

test("our own lines for people lose the time that stands beside them already", () => {
  assert.deepEqual(
    readLogText(
      "\u001b[90m05:30:02.883\u001b[0m \u001b[33mwarn \u001b[0m nothing takes spans trace=4bf92f35",
    ),
    {
      text: "nothing takes spans trace=4bf92f35",
      level: "warn",
      traceId: "4bf92f35",
    },
  );
  assert.equal(
    readLogText("05:30:02.883 said nothing about a level").text,
    "05:30:02.883 said nothing about a level",
  );
});

test("no line makes the reader throw", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => typeof readLogText(text).text === "string"),
  );
});
