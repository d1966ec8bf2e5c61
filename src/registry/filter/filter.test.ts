import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileFilter } from "./filter.ts";
import { parseFilter } from "./parse.ts";
import { shapes } from "./shapes.ts";

const row = {
  Node: { Node: "n1", Meta: { rack: "7" }, TaggedAddresses: null },
  Service: {
    ID: "web-1",
    Service: "web",
    Tags: ["v1", "eu"],
    Meta: { ver: "1", "a.b": "c" },
    Port: 80,
    Weights: { Passing: 3, Warning: 1 },
    EnableTagOverride: false,
  },
  Checks: [
    { CheckID: "a", Status: "passing" },
    { CheckID: "b", Status: "warning" },
  ],
};

const holds: [filter: string, answer: boolean][] = [
  ['Service.ID == "web-1"', true],
  ["Service.ID == web-1", true],
  ["Service.ID != web-1", false],
  ["Service.Port == 80", true],
  ["Service.Weights.Passing != 3", false],
  ["Service.EnableTagOverride == true", false],
  ["Service.Meta.ver == 1", true],
  ['Service.Meta["a.b"] == `c`', true],
  ["Service.Meta.none == 1", false],
  ["Service.Meta.none != 1", true],
  ["v1 in Service.Tags", true],
  ['"us" not in Service.Tags', true],
  ["Service.Tags contains eu", true],
  ["Service.Tags not contains eu", false],
  ["Service.Tags is empty", false],
  ["ver in Service.Meta", true],
  ["Service.Meta contains none", false],
  ["eb in Service.Service", true],
  ["Node.TaggedAddresses is empty", true],
  ['Service.Service matches "^w.b$"', true],
  ['Service.Service not matches "^w"', false],
  ["Checks.Status == warning", true],
  ["Checks.Status == critical", false],
  ["Checks is empty", false],
  ["not Checks.Status == critical", true],
  ["Service.Port == 1 or Service.Port == 80 and v1 in Service.Tags", true],
  ["Service.Port == 80 or Service.Port == 1 and us in Service.Tags", true],
  ["(Service.Port == 80 or Service.Port == 1) and us in Service.Tags", false],
  ["not (Service.Port == 80 and not v1 in Service.Tags)", true],
];

for (const [filter, answer] of holds) {
  test(`${filter} is ${answer}`, () => {
    assert.equal(compileFilter(filter, shapes.health)(row), answer);
  });
}

for (const filter of [
  "Service.Bogus == 1",
  "Service.ID.more == 1",
  "constructor == 1",
  "Service.Port == many",
  "Service.Port is empty",
  "Service.ID is empty",
  "Service.Port matches 8",
  "Service.Weights == 1",
  "Service.ID",
  "Service.ID ==",
  "Service.ID = 1",
  "(Service.ID == 1",
  "Service.ID == 1 Service.ID == 2",
  'Service.ID == "open',
  'Service.ID matches "(a+)+$"',
  `${"(".repeat(70)}Service.ID == 1${")".repeat(70)}`,
  "x".repeat(5_000),
]) {
  test(`refused before the first row: ${filter.slice(0, 40)}`, () => {
    assert.throws(() => compileFilter(filter, shapes.health));
  });
}

test("any text is a filter or an error, at once", () => {
  const words = [
    "Service.ID",
    "==",
    "!=",
    "and",
    "or",
    "not",
    "in",
    "is",
    "empty",
    "(",
    ")",
    '"a"',
    "`",
    "[",
    "]",
    "matches",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words, "é", "\\")), (list) => {
      try {
        parseFilter(list.join(" "));
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof RangeError));
      }
    }),
  );
});

test("not, and, or are those of logic, whatever the nesting", () => {
  const { expression } = fc.letrec<{ expression: [string, boolean] }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<[string, boolean]>(["Service.Port == 80", true], ["Service.Port == 81", false]),
      tie("expression").map(([text, value]): [string, boolean] => [`not (${text})`, !value]),
      fc
        .tuple(tie("expression"), tie("expression"))
        .map(([[a, x], [b, y]]): [string, boolean] => [`(${a}) and (${b})`, x && y]),
      fc
        .tuple(tie("expression"), tie("expression"))
        .map(([[a, x], [b, y]]): [string, boolean] => [`(${a}) or (${b})`, x || y]),
    ),
  }));
  fc.assert(
    fc.property(expression, ([text, value]) => {
      assert.equal(compileFilter(text, shapes.health)(row), value);
    }),
  );
});
