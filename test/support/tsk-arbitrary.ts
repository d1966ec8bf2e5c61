// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import fc from "fast-check";

const fragments = [
  ..."{}[]()<>:=,;.\"'#$@?!+-*/%&|~\\\n \t",
  "\r\n",
  '"""',
  "'''",
  "${",
  "...",
  "??",
  "||",
  "&&",
  "==",
  "//",
  "/*",
  "*/",
  "[a.b]\n",
  "a: 1\n",
  "a",
  "b-c",
  "$x",
  "@env",
  '@env("X")',
  '"text"',
  "'raw'",
  "30s",
  "64KiB",
  "10%",
  "1-2",
  "0x1F",
  "1.5e3",
  "2024-01-01",
  "true",
  "null",
  "é",
  "😀",
  "\u0000",
  "\ufeff",
  "\ud800",
];

/** Text that is nearly a document: what parsers stumble over, in any order. */
export const nearlyTsk: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(fc.constantFrom(...fragments), { maxLength: 60 }).map((parts) => parts.join("")),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
);

const plainText = fc.string({ unit: "grapheme", maxLength: 6 }).map((text) => text.replaceAll("${", "$ {"));

const scalar = fc.oneof(
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
  plainText,
);

/** Plain data of a document: maps, lists and scalars; no key and no text with an interpolation in it. */
export const plainDocument: fc.Arbitrary<Record<string, unknown>> = fc.dictionary(
  plainText,
  fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: "small" }, scalar, tie("list"), tie("map")),
    list: fc.array(tie("value"), { maxLength: 4 }),
    map: fc.dictionary(plainText, tie("value"), { maxKeys: 4 }),
  })).value,
  { maxKeys: 5 },
);
