import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TuskerError } from "../../kernel/index.ts";
import {
  anything,
  decodeBody,
  duration,
  fields,
  flag,
  list,
  type Read,
  record,
  text,
  whole,
} from "./decode.ts";
import { readServiceBody, toLocalService } from "./service-body.ts";

interface Shape {
  Name: string;
  Port: number;
  Tags: string[];
  Meta: Record<string, string>;
  On: boolean;
  Every: number;
  Inner: Partial<{ A: string }>;
  Free: unknown;
}
const read: Read<Partial<Shape>> = fields<Shape>(
  {
    Name: text,
    Port: whole,
    Tags: list(text),
    Meta: record(text),
    On: flag,
    Every: duration,
    Inner: fields<{ A: string }>({ A: text }),
    Free: anything,
  },
  { on_snake: "On" },
);
const refused = (body: string): string => {
  try {
    decodeBody(body, read);
  } catch (error) {
    assert.ok(error instanceof TuskerError);
    assert.equal(error.details.status, 400);
    assert.ok(error.message.startsWith("Request decode failed: "), error.message);
    return error.message.slice("Request decode failed: ".length);
  }
  return assert.fail(`${body} was read`);
};

test("keys are read in any case and by their other spellings", () => {
  assert.deepEqual(decodeBody('{"NAME":"a","port":1,"oN_sNaKe":true}', read), {
    Name: "a",
    Port: 1,
    On: true,
  });
});

test("null is absent, at the top and below", () => {
  assert.deepEqual(decodeBody("null", read), {});
  assert.deepEqual(decodeBody('{"Name":null,"Meta":null,"Tags":null}', read), {});
});

test("durations are text or nanoseconds", () => {
  assert.equal(decodeBody('{"Every":"1m30s"}', read).Every, 90_000);
  assert.equal(decodeBody('{"Every":5000000000}', read).Every, 5_000);
});

for (const [body, words] of [
  ["", "EOF"],
  ["   ", "EOF"],
  ['{"Name":"x"', "unexpected EOF"],
  ['{"Name":"x', "unexpected EOF"],
  ["{", "unexpected EOF"],
  ['{"Bogus":1}', 'json: unknown field "Bogus"'],
  ['{"Inner":{"B":1}}', 'json: unknown field "B"'],
  ['{"Name":5}', "json: cannot unmarshal number into Go struct field .Name of type string"],
  ['{"Port":"a"}', "json: cannot unmarshal string into Go struct field .Port of type int"],
  ['{"Every":""}', 'time: invalid duration ""'],
  ['{"Every":"5"}', 'time: missing unit in duration "5"'],
  ['{"Every":"1m2d"}', 'time: unknown unit "d" in duration "1m2d"'],
  ['{"Every":"9999999999h"}', 'time: invalid duration "9999999999h"'],
  ['{"Port":1.5}', "json: cannot unmarshal number 1.5 into Go struct field .Port of type int"],
  ['{"Tags":"a"}', "json: cannot unmarshal string into Go struct field .Tags of type []string"],
  ['{"Meta":{"a":1}}', "json: cannot unmarshal number into Go struct field .Meta of type string"],
  ['{"On":"yes"}', "json: cannot unmarshal string into Go struct field .On of type bool"],
  ['{"Every":"abc"}', 'time: invalid duration "abc"'],
] as const) {
  test(`${JSON.stringify(body)} is refused with the words clients know`, () => {
    assert.equal(refused(body), words);
  });
}

test("a list where an object belongs is refused", () => {
  assert.match(refused("[]"), /^json: cannot unmarshal array into /);
});

test("a body that is malformed, not cut off, is not called cut off", () => {
  assert.match(refused('{"Name":x}'), /^invalid JSON: /);
  assert.match(refused('{"Name":"a"} trailing'), /^invalid JSON: /);
});

test("a value nested absurdly deep is refused", () => {
  assert.match(refused(`{"Free":${"[".repeat(100)}${"]".repeat(100)}}`), /nested too deeply/);
});

test("a key that means something to JavaScript means nothing here", () => {
  const body = decodeBody('{"Meta":{"__proto__":"x","constructor":"y"}}', read);
  assert.deepEqual(Object.entries(body.Meta ?? {}), [
    ["__proto__", "x"],
    ["constructor", "y"],
  ]);
  assert.equal(refused('{"__proto__":{"Name":"x"}}'), 'json: unknown field "__proto__"');
});

test("whatever is sent, it is read or refused with a status", () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  const key = fc.constantFrom("ID", "name", "Tags", "Port", "Meta", "Check", "checks", "Weights", "Address");
  fc.assert(
    fc.property(fc.dictionary(key, value), (body) => {
      try {
        const { service } = toLocalService(decodeBody(JSON.stringify(body), readServiceBody), {
          scripts: false,
        });
        assert.ok(service.name !== "" && service.id !== "");
      } catch (error) {
        assert.ok(error instanceof TuskerError, String(error));
        assert.equal(error.code, "REGISTRY_INVALID");
        assert.ok([400, 500].includes(Number(error.details.status)));
      }
    }),
    { numRuns: 500 },
  );
});
