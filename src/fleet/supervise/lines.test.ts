import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type LogLine, lineSplitter, logBook } from "./lines.ts";

const line = (service: string, text: string, at = 0): LogLine => ({
  at,
  service,
  instance: `${service}-001`,
  stream: "stdout",
  text,
});

test("property: lines come out whole however the bytes are cut, in UTF-8 too", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc
          .string({ unit: "grapheme" })
          .map((s) => s.replace(/[\r\n]/g, ""))
          .map((s) => s.slice(0, 50)),
      ),
      fc.nat(7),
      (texts, step) => {
        const got: string[] = [];
        const splitter = lineSplitter((text) => got.push(text));
        const bytes = new TextEncoder().encode(texts.map((text) => `${text}\n`).join(""));
        for (let i = 0; i < bytes.length; i += step + 1) splitter.push(bytes.subarray(i, i + step + 1));
        splitter.flush();
        assert.deepEqual(
          got,
          texts.map((text) => new TextDecoder().decode(new TextEncoder().encode(text))),
        );
      },
    ),
  );
});

test("gives a last line without an end, and takes a carriage return off", () => {
  const got: string[] = [];
  const splitter = lineSplitter((text) => got.push(text));
  splitter.push(Buffer.from("a\r\nb"));
  splitter.flush();
  assert.deepEqual(got, ["a", "b"]);
});

test("a long line comes in pieces of at most 16 KiB and loses nothing, whole or cut", () => {
  for (const step of [1_000, 100_000]) {
    const got: string[] = [];
    const splitter = lineSplitter((text) => got.push(text));
    const text = Array.from({ length: 60_000 }, (_, i) => String(i % 10)).join("");
    const bytes = Buffer.from(`${text}\nnext\n`);
    for (let i = 0; i < bytes.length; i += step) splitter.push(bytes.subarray(i, i + step));
    assert.ok(got.every((piece) => piece.length <= 16 * 1024));
    assert.equal(got.slice(0, -1).join(""), text);
    assert.equal(got.at(-1), "next");
  }
});

test("asked for no lines it gives none", () => {
  const book = logBook();
  book.add(line("a", "1"));
  assert.deepEqual(book.tail(0), []);
});

test("keeps the last lines of each service, so that a loud one does not push out the others", () => {
  const book = logBook({ capacity: 10 });
  book.add(line("quiet", "only"));
  for (let i = 0; i < 100; i++) book.add(line("loud", String(i)));
  assert.deepEqual(
    book.tail(5, "quiet").map((one) => one.text),
    ["only"],
  );
  assert.deepEqual(
    book.tail(2, "loud").map((one) => one.text),
    ["98", "99"],
  );
});

test("merges all services by time", () => {
  const book = logBook();
  book.add(line("a", "2", 2));
  book.add(line("b", "1", 1));
  assert.deepEqual(
    book.tail(9).map((one) => one.text),
    ["1", "2"],
  );
});

test("last words are those of one process", () => {
  const book = logBook();
  for (let i = 0; i < 5; i++) book.add({ ...line("a", `one ${i}`), instance: "a-001" });
  book.add({ ...line("a", "two"), instance: "a-002" });
  assert.deepEqual(
    book.lastWords("a-001", 2, 0).map((one) => one.text),
    ["one 3", "one 4"],
  );
});

test("last words of a process that an error ended are the error, not what stands around it", () => {
  const book = logBook();
  const said = `node:internal/modules/package_json_reader:343
  throw new ERR_MODULE_NOT_FOUND(packageName);
        ^

Error: Cannot find package 'left-pad' imported from /a.ts
    at packageResolve (node:internal/modules/esm/resolve:751:25) {
  code: 'ERR_MODULE_NOT_FOUND'
}

Node.js v26.10.0`;
  for (const text of said.split("\n")) book.add({ ...line("a", text), instance: "a-001" });
  assert.deepEqual(
    book.lastWords("a-001", 2, 0).map((one) => one.text),
    ["Error: Cannot find package 'left-pad' imported from /a.ts", "  code: 'ERR_MODULE_NOT_FOUND'"],
  );
});

test("a listener hears new lines until it leaves", () => {
  const book = logBook();
  const heard: string[] = [];
  const listening = book.subscribe((one) => heard.push(one.text));
  book.add(line("a", "1"));
  listening[Symbol.dispose]();
  book.add(line("a", "2"));
  assert.deepEqual(heard, ["1"]);
});
