import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { TuskerError } from "../../kernel/index.ts";
import { limits, loadDocument } from "../../tsk/index.ts";
import { machinePorts, readFile } from "./machine.ts";

function folder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "tusker-machine-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

const codes = (entry: string): readonly string[] =>
  loadDocument({ entry, ...machinePorts({}), layers: "entry" }).diagnostics.map((one) => one.code);

test("of a file that is too large, or never ends, no more is read than that takes", () => {
  using at = folder();
  const large = join(at.path, "large.tsk");
  writeFileSync(large, "a: 1\n");
  truncateSync(large, 8 * 1024 ** 3);
  for (const file of [large, "/dev/zero"]) {
    assert.equal(readFile(file)?.length, limits.text + 1);
    assert.deepEqual(codes(file), ["TSK_TOO_LARGE"]);
  }
});

test("a pipe that nobody writes to is refused, not waited for; what is not there is not there", (t) => {
  using at = folder();
  assert.equal(readFile(join(at.path, "none.tsk")), undefined);
  assert.throws(
    () => readFile(at.path),
    (error) => error instanceof TuskerError && /EISDIR/.test(error.message),
  );
  const pipe = join(at.path, "pipe.tsk");
  if (spawnSync("mkfifo", [pipe]).status !== 0) return t.skip("there is no mkfifo here");
  assert.throws(
    () => readFile(pipe),
    (error) => error instanceof TuskerError && /a pipe/.test(error.message),
  );
});

test("of bytes that are no text nothing is said but that", () => {
  using at = folder();
  const file = join(at.path, "a.tsk");
  writeFileSync(file, Buffer.from([0x61, 0x3a, 0xff, 0xfe, 0x0a, 0x7b, 0x22, 0x0a, 0xc3, 0x28]));
  assert.deepEqual(codes(file), ["TSK_ENCODING"]);
});
