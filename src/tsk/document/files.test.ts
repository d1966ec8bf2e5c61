import assert from "node:assert/strict";
import { test } from "node:test";
import { loadDocument } from "../index.ts";
import { Files } from "./files.ts";

const files = (entry: string, real: Readonly<Record<string, string>> = {}, names: readonly string[] = []) =>
  new Files({
    entry,
    readFile: () => "text",
    list: () => names,
    realPath: (path) => real[path] ?? (path.startsWith("/") ? path : `/home/${path === "." ? "" : path}`),
  });

test("a path is found from the file that names it", () => {
  const found = files("/etc/shop/tusker.tsk");
  assert.deepEqual(found.find("/etc/shop/a/b.tsk", "../c/./d.tsk"), { path: "/etc/shop/c/d.tsk" });
  assert.deepEqual(files("tusker.tsk").find("tusker.tsk", "x.tsk"), { path: "x.tsk" });
});

test("a path out of the folder is refused, however it is written", () => {
  for (const path of ["../x", "a/../../x", "/etc/passwd", "\\\\host\\x", "C:/x", "..", "a/.."]) {
    const found = files("/etc/shop/tusker.tsk").find("/etc/shop/tusker.tsk", path);
    assert.equal("code" in found && found.code, "TSK_OUTSIDE", path);
  }
});

test("a link that leads out of the folder is refused, one that stays is not", () => {
  const real = {
    "/srv/shop/": "/data/shop",
    "/srv/shop/in.tsk": "/data/shop/other.tsk",
    "/srv/shop/out.tsk": "/data/shop-two/x.tsk",
    "/srv/shop/a.tsk": "/data/shop/a.tsk",
  };
  const found = files("/srv/shop/tusker.tsk", real);
  const from = "/srv/shop/tusker.tsk";
  assert.deepEqual(found.find(from, "in.tsk"), { path: "/srv/shop/in.tsk" });
  assert.equal("code" in found.find(from, "out.tsk"), true);
  assert.equal("code" in found.expand(from, "out.tsk"), true);
});

test("a pattern of many stars costs no more than its length", () => {
  const pattern = `${"*a".repeat(50)}b.tsk`;
  assert.deepEqual(files("t.tsk", {}, ["a".repeat(5000)]).expand("t.tsk", pattern), []);
  assert.deepEqual(files("t.tsk", {}, ["ab.tsk", "aXb.tsk", "b.tsk"]).expand("t.tsk", "a*b.tsk"), [
    "aXb.tsk",
    "ab.tsk",
  ]);
});

test("files that include each other twice do not multiply without end", () => {
  const text = (path: string): string | undefined => {
    const number = Number(path.replace(/\.tsk$/, ""));
    return `a${number}: 1\n@include "${number + 1}.tsk"\nb { @include "${number + 1}.tsk" }`;
  };
  const { diagnostics } = loadDocument({ entry: "0.tsk", readFile: text, layers: "entry" });
  assert.equal(diagnostics.length > 0, true);
});

test("a host that cannot read a file is no exception", () => {
  const readFile = (path: string): string => {
    if (path === "main.tsk") return '@include "dir"\na: @file("dir")\nb: @dir.tsk.get("x")';
    throw new Error("it is a folder");
  };
  const { diagnostics } = loadDocument({ entry: "main.tsk", readFile, layers: "entry" });
  assert.deepEqual(
    diagnostics.map((one) => one.code),
    ["TSK_FILE_READ", "TSK_FILE_READ", "TSK_FILE_READ"],
  );
});

test("a data file has a limit of its own", () => {
  const readFile = (path: string): string =>
    path === "main.tsk" ? 'a: @file("big")' : "x".repeat(2 ** 20 + 1);
  const { diagnostics } = loadDocument({ entry: "main.tsk", readFile, layers: "entry" });
  assert.deepEqual(
    diagnostics.map((one) => one.code),
    ["TSK_FILE_READ"],
  );
});
