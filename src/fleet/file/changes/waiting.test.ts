import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadFleet } from "../load.ts";
import type { FleetSettings } from "../settings.ts";
import { saysTheSame, waitingForRestart } from "./waiting.ts";

function loaded(text: string, key = ""): FleetSettings {
  const folder = mkdtempSync(join(tmpdir(), "tusker-waiting-"));
  try {
    writeFileSync(join(folder, "a.js"), "");
    writeFileSync(join(folder, "key.txt"), key);
    writeFileSync(join(folder, "tusker.tsk"), text);
    const { settings, diagnostics } = loadFleet(join(folder, "tusker.tsk"), { env: {} });
    assert.ok(settings !== undefined, JSON.stringify(diagnostics));
    return settings;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const fleet = (services: string, rest = ""): string =>
  `[fleet]\nname: "waiting"\n[services]\n${services}\n${rest}`;
const a = (more = ""): string => `a: { run: "node /bin/true"${more} }`;

test("routes and gateway wait for nothing", () => {
  const before = loaded(fleet(a(), '[gateway]\ntimeout: "5s"'));
  const after = loaded(fleet(a(), '[gateway]\ntimeout: "6s"\n[routes]\n"/a": { service: "a" }'));
  assert.deepEqual(waitingForRestart(before, { ...after, root: before.root }), []);
});

test("services that came, went or changed, and sections that are read at the start, are named", () => {
  const before = loaded(fleet(`${a()}\nb: { run: "node /bin/true" }`));
  const after = loaded(
    fleet(`${a(", version: '2.0.0'")}\nc: { run: "node /bin/true" }`, "[tracing]\nenabled: false\n"),
  );
  assert.deepEqual(waitingForRestart(before, after), ["services.a", "services.b", "services.c", "tracing"]);
});

test("a changed secret waits with the service that has it, and is not the same file", () => {
  const text = fleet(`${a(', config: { key: @secret("file:key.txt") }')}\nb: { run: "node /bin/true" }`);
  const before = loaded(text, "one");
  const same = loaded(text, "one");
  const after = loaded(text, "two");
  const at = (settings: FleetSettings): FleetSettings => ({ ...settings, root: before.root });
  assert.deepEqual(waitingForRestart(before, at(same)), []);
  assert.deepEqual(waitingForRestart(before, at(after)), ["services.a"]);
  assert.deepEqual([saysTheSame(before, same), saysTheSame(before, after)], [true, false]);
});
