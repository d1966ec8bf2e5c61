import assert from "node:assert/strict";
import { test } from "node:test";
import { commandFolder } from "../../test/support/command-line.ts";
import { limits } from "../tsk/index.ts";
import { standardInput } from "./standard-input.ts";

test("check - reads standard input in the place of tusker.tsk, with what stands beside it", async () => {
  using at = commandFolder({
    "tusker.tsk": "[gateway]\nport: true\n",
    "more.tsk": "[gateway]\nport: 9000\n",
    "tusker.local.tsk": '[gateway]\ntimeout: "5 s"\n',
  });
  const broken = await at.feed('@include "more.tsk"\n[gateway]\nprot: 1\n', "check", "-", "--json");
  assert.deepEqual(
    JSON.parse(broken.err).diagnostics.map((one: { file: string; code: string }) => one.code),
    ["FLEET_UNKNOWN_KEY", "FLEET_INVALID"],
  );
  assert.deepEqual([broken.code, JSON.parse(broken.out).errors], [1, 2]);
  assert.equal((await at.feed('[gateway]\ntimeout: "5s"\n', "check", "-")).code, 1);
  const right = await at.feed("", "check", "-", "--set", "gateway.timeout=5s");
  assert.deepEqual([right.code, right.err], [0, ""]);
});

test("check - needs no file on the disk", async () => {
  using at = commandFolder({});
  assert.equal((await at.feed('[services]\na: { run: "true" }\n', "check", "-")).code, 0);
  assert.equal((await at.run("check")).code, 1);
});

test("fmt - writes standard input in the one style to standard output, and nothing of what it cannot read", async () => {
  using at = commandFolder({});
  assert.deepEqual(await at.feed("a{b=1}", "config", "fmt", "-"), {
    code: 0,
    out: "a: { b: 1 }\n",
    err: "",
  });
  const wrong = await at.feed('a: @env.secure("A", "sk_live") oops\n', "config", "fmt", "-");
  assert.deepEqual([wrong.code, wrong.out], [1, ""]);
  assert.match(wrong.err, /^-:1:/);
  assert.doesNotMatch(wrong.err, /sk_live/);
  const changed = await at.feed("a=1", "config", "fmt", "-", "--check");
  assert.deepEqual([changed.code, changed.out], [1, "standard input would change\n"]);
  const same = await at.feed("a: 1\n", "config", "fmt", "-", "--check", "--json");
  assert.deepEqual([same.code, JSON.parse(same.out)], [0, { changed: false }]);
  const json = await at.feed("a=1", "config", "fmt", "-", "--json");
  assert.deepEqual(JSON.parse(json.out), { changed: true, text: "a: 1\n" });
  assert.equal((await at.feed("a=1", "config", "fmt", "-", "x.tsk")).code, 2);
});

test("of a stream without end no more is read than shows that it is too much", async () => {
  let sent = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      sent += 1 << 20;
      yield new Uint8Array(1 << 20);
    }
  }
  assert.equal((await standardInput(endless())).length, limits.text + 1);
  assert.ok(sent <= limits.text + (2 << 20));
});
