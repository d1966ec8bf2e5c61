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
  ["Service.ID matches `^[a-z]+-[0-9]{1,3}$`", true],
  ["Service.ID matches `^[a-z]+-[2-9]$`", false],
  ["Node.TaggedAddresses is nil", true],
  ["Service.Tags is not nil", true],
  ['"/Service/ID" == web-1', true],
  ['"/Service/Meta/a.b" == c', true],
  ['v1 in "/Service/Tags"', true],
  ['"/v1" in Service.Tags', false],
  ["any Service.Tags as t { t == eu }", true],
  ["all Service.Tags as t { t matches `^e` }", false],
  ["any Service.Tags as i, t { i == 1 and t == eu }", true],
  ["any Service.Tags as i, _ { i == 2 }", false],
  ["any Checks as c { c.CheckID == b and c.Status == passing }", false],
  ["any Checks as c { c.CheckID == a and c.Status == passing }", true],
  ["all Checks as c { c.Status == passing or any Service.Tags as t { t == v1 and c.CheckID == b } }", true],
  ["any Service.Meta as key { key == ver }", true],
  ["all Service.Meta as _, value { value matches `^[1c]$` }", true],
  ["not any Service.Meta as key, value { key == ver and value == 2 }", true],
  ["all Node.TaggedAddresses as k { k == none }", true],
  ["any in Service.Tags", false],
  ["all not in Service.Tags", true],
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
  "Service.Port is nil",
  "Service.ID is nil",
  "Service.Meta.none is nil",
  '"/Service/Bogus" == 1',
  '"/" == 1',
  "any Service.ID as x { x == 1 }",
  "any Service.Bogus as x { x == 1 }",
  "any Checks.Status as x { x == 1 }",
  "any Service.Tags as x { x.more == 1 }",
  "any Service.Tags as x { y == 1 }",
  "any Service.Tags as x { x == 1",
  "any Service.Tags { x == 1 }",
  "any Service.Tags as x, y, z { x == 1 }",
  "any Checks as c { c.Bogus == 1 }",
  "Service.ID is empty",
  "Service.Port matches 8",
  "Service.Weights == 1",
  "Service.ID",
  "Service.ID ==",
  "Service.ID = 1",
  "(Service.ID == 1",
  "Service.ID == 1 Service.ID == 2",
  'Service.ID == "open',
  'Service.ID matches "(a"',
  'Service.ID matches "(?=a)"',
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
    "any",
    "as",
    "{",
    "}",
    "x",
    ",",
    '"/Service"',
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
