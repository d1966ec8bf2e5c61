import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatSize, parseSize, trySize } from "./index.ts";

test("KB is decimal, KiB is binary, a bare letter is decimal", () => {
  assert.equal(parseSize("1KB"), 1000);
  assert.equal(parseSize("1K"), 1000);
  assert.equal(parseSize("1KiB"), 1024);
  assert.equal(parseSize("10MiB"), 10_485_760);
  assert.equal(parseSize("2GB"), 2_000_000_000);
  assert.equal(parseSize("1TiB"), 2 ** 40);
  assert.equal(parseSize("1PiB"), 2 ** 50);
  assert.equal(parseSize("7B"), 7);
  assert.equal(parseSize("1.5KiB"), 1536);
});

test("what is no size is refused", () => {
  for (const text of ["", "1", "KB", "-1KB", "1 KB", "1kb", "1KIB", "1.KB", "1EB", "1KBs"]) {
    assert.equal(trySize(text), undefined, JSON.stringify(text));
    assert.throws(() => parseSize(text), { code: "KERNEL_SIZE" });
  }
});

test("the largest binary unit that stays exact", () => {
  assert.equal(formatSize(0), "0B");
  assert.equal(formatSize(1000), "1000B");
  assert.equal(formatSize(65_536), "64KiB");
  assert.equal(formatSize(1_048_577), "1048577B");
  assert.equal(formatSize(2 ** 50), "1PiB");
});

test("whole bytes come back exactly", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (bytes) => assert.equal(parseSize(formatSize(bytes)), bytes)));
  fc.assert(
    fc.property(fc.nat(1023), fc.nat(4), (count, power) => {
      const bytes = count * 1024 ** power;
      assert.equal(parseSize(formatSize(bytes)), bytes);
    }),
  );
});

test("sizes are whole bytes", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      fc.constantFrom("B", "KB", "KiB", "M"),
      (n, unit) => {
        const bytes = trySize(`${n.toFixed(3)}${unit}`);
        assert.ok(bytes !== undefined && Number.isInteger(bytes));
      },
    ),
  );
});
