import assert from "node:assert/strict";
import { test } from "node:test";
import { slipsIn } from "../../../test/support/slips/slip.ts";
import { styledTexts } from "../../../test/support/slips/styles.ts";

const texts = styledTexts();

function told(name: string, from: string, to: string): readonly string[] {
  const one = texts.find((styled) => styled.name === name);
  assert.ok(one !== undefined, name);
  assert.ok(one.text.includes(from), from);
  return one.judge(one.text.replace(from, to)).map(({ line, code }) => `${line} ${code}`);
}

test("a fleet is right in every style", () => {
  for (const { name, text, judge } of texts) assert.deepEqual(judge(text), [], name);
  assert.ok(texts.length > 3);
});

// Not of any seed: in these styles some slips of ten thousand are still told twice (decision 0061).
test("a slip of the hand gives one diagnostic in every style", () => {
  const judges = new Map(texts.map(({ text, judge }) => [text, judge]));
  let wrong = 0;
  for (const { of, what, text } of slipsIn([...judges.keys()], 200, 1)) {
    const found = judges.get(of)?.(text) ?? [];
    if (found.length > 0) wrong++;
    const list = found.map((one) => `${one.line}:${one.column} ${one.code} ${one.message}`);
    assert.ok(found.length <= 1, `${what}\n${list.join("\n")}\n${text}`);
  }
  assert.ok(wrong > 100, `${wrong}`);
});

/** What is written otherwise than was meant, and what is told of it. */
const slips: readonly (readonly [name: string, from: string, to: string, told: string])[] = [
  ["json", "{\n", "", "26 TSK_ORPHAN"],
  ["json", '"services": {', ": {", "3 TSK_KEY"],
  ["json", '"seats": {', '"', "4 TSK_STRING_OPEN"],
  ["json", '"database"\n', '"database"}\n', "18 TSK_ORPHAN"],
  ["braces", "services {", "?ervices {", "4 TSK_KEY"],
  ["braces", "services {", "serv\nces {", "4 TSK_EXPECTED"],
  ["braces", "services {\n", "", "18 TSK_ORPHAN"],
  ["braces", "  orders {\n", "", "18 TSK_ORPHAN"],
  ["braces", "fleet {", "{", "4 TSK_EXPECTED"],
  ["headers", "[services.seats]", "[servlces.seats]", "4 FLEET_UNKNOWN_KEY"],
  ["headers", "[services.seats]", "[servicesseats]", "4 FLEET_UNKNOWN_KEY"],
  ["headers", "[services.seats]", "[service.sseats]", "4 FLEET_UNKNOWN_KEY"],
  ["headers", "[services.seats]\n", "", "4 FLEET_UNKNOWN_KEY"],
  ["headers", "[services.seats]", "[se", "4 TSK_UNCLOSED"],
  ["headers", "[services.seats]", "[services.]", "4 TSK_KEY"],
  ["headers", "[services.seats.config]", "[services.seats", "9 TSK_UNCLOSED"],
  ["headers", "[services.seats.config]", "[services.seats.]", "9 TSK_KEY"],
  ["headers", "[services.orders]", "[servicesorders]", "13 FLEET_UNKNOWN_KEY"],
  ["headers", "[services.orders]", "[se", "13 TSK_UNCLOSED"],
  ["headers", "[gateway]\n", "", "18 TSK_DUPLICATE"],
  ["small", "}\n[routes]", "}[routes]", "6 FLEET_INVALID"],
];
for (const [name, from, to, expected] of slips)
  test(`told once: ${JSON.stringify(to)} for ${JSON.stringify(from)} in ${name}`, () => {
    assert.deepEqual(told(name, from, to), [expected]);
  });
