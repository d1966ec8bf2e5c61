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

const blank = fc.constantFrom("", "", " ", "  ", "\t", " /* c */ ");
const lineEnd = fc.constantFrom(
  "\n",
  "\n",
  "\r\n",
  "\n\n\n",
  " # c\n",
  "\n # c\n",
  " // c  \n\n",
  "\n/* c\n c */\n",
);
const between = fc.oneof({ weight: 3, arbitrary: blank }, lineEnd);
const key = fc.constantFrom("a", "b-c", '"x y"', "'r'", "404", "a.b", 'q."/*".2', "1 . 5s");

/** Expressions and documents in every form the language has, laid out at random. */
export const wellFormedTsk: fc.Arbitrary<string> = fc
  .letrec<{ items: string; value: string; operand: string }>((tie) => {
    const value = tie("value");
    const parts = (...all: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
      fc
        .tuple(...all.map((one) => (typeof one === "string" ? fc.constant(one) : one)))
        .map((texts) => texts.join(""));
    const separator = fc.oneof(lineEnd, parts(blank, fc.constantFrom(";", ";\n"), blank));
    const inner = fc.oneof(separator, parts(blank, ",", between), parts(",,"));
    const map = parts("{", between, fc.array(parts(tie("items"), inner), { maxLength: 3 }).map(joined), "}");
    const label = fc.constantFrom("", ' "l"', ' "l" "m"');
    return {
      operand: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.constantFrom(
          "1",
          "-5",
          "30s",
          "1-2",
          "true",
          "null",
          "a",
          "a.b",
          "$x",
          '"t"',
          "'r'",
          "2026-11-23",
          "25%",
        ),
        fc.constantFrom(
          '"${ a }"',
          '"""\n  a ${b}\n  """',
          "'''\nr\n'''",
          "!a",
          "- 3",
          "a[0].b",
          "@env",
          "@host.name",
        ),
        map,
        parts(
          "[",
          between,
          fc
            .array(parts(value, fc.oneof(lineEnd, parts(between, ",", between))), { maxLength: 3 })
            .map(joined),
          "]",
        ),
        parts("(", between, value, between, ")"),
        parts(
          "@f(",
          between,
          value,
          between,
          ",",
          between,
          "n",
          blank,
          "=",
          blank,
          value,
          fc.constantFrom("", ",\n"),
          ")",
        ),
        parts("a[", between, value, between, "]"),
      ),
      value: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        tie("operand"),
        parts(
          tie("operand"),
          " ",
          fc.constantFrom("+", "-", "*", "/", "%", "==", ">", "<", "&&", "||"),
          " ",
          between,
          tie("operand"),
        ),
        parts(
          tie("operand"),
          between,
          "?",
          between,
          tie("operand"),
          " ",
          between,
          ":",
          between,
          tie("operand"),
        ),
      ),
      items: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        parts(key, blank, fc.constantFrom(":", "="), blank, value),
        parts(key, label, blank, map),
        parts(
          key,
          label,
          blank,
          ">\n",
          fc.array(parts(tie("items"), separator), { maxLength: 3 }).map(joined),
          "\n<",
        ),
        parts("$v", blank, ":", blank, value),
        parts("...", blank, value),
      ),
    };
  })
  .items.chain((first) =>
    fc
      .tuple(
        fc.constant(first),
        between,
        lineEnd,
        fc.constantFrom("", "[s]\n", "[ a . b ] # c\n", "# c\n[s]\n\n"),
      )
      .map(
        ([item, before, after, section]) => `${before.trimStart()}${section}${item}${after}${section}${item}`,
      ),
  );

/** Lines as older dialects lay them out: by indentation, with dashes; most of them are documents. */
export const indentedTsk: fc.Arbitrary<string> = fc
  .array(
    fc.tuple(
      fc.integer({ min: 0, max: 4 }),
      fc.constantFrom(
        "a:",
        "b: 1",
        "c: x # c",
        "- 1",
        "- a: 1",
        "- b:",
        "# c",
        "",
        "d: [",
        "]",
        "e: |",
        "text",
        "f: yes",
      ),
    ),
    { maxLength: 12 },
  )
  .map((lines) => lines.map(([depth, text]) => `${"  ".repeat(depth)}${text}`).join("\n"));

function joined(texts: readonly string[]): string {
  return texts.join("");
}
