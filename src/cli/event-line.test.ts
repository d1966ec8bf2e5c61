import assert from "node:assert/strict";
import { test } from "node:test";
import type { FleetEvent } from "../fleet/index.ts";
import { eventLine } from "./event-line.ts";
import { harmless, paintFor } from "./paint.ts";

const plain = paintFor(false);
const line = (event: FleetEvent): string => {
  const said = eventLine({ ...event, at: 0 }, plain);
  return said === undefined
    ? ""
    : [said.mark, said.about, said.text].filter((part) => part !== undefined).join(" ");
};

test("a ready service is one line with ports, pid, time and what it waited for", () => {
  const ready = {
    type: "ready",
    service: "order",
    instance: "order-001",
    port: 8082,
    grpcPort: 9091,
    pid: 42,
    tookMs: 321.7,
    waitedFor: ["user", "payment"],
  } as const;
  assert.equal(line(ready), "✓ order ready  :8082  grpc :9091  pid 42  322ms  waited for user, payment");
});

test("an end tells its reason, the wait, and the last words that are not blank", () => {
  const exited = {
    type: "exited",
    service: "user",
    instance: "user-001",
    pid: 1,
    reason: "code 1",
    uptimeMs: 1500,
    retryMs: 120,
    lastWords: ["", "Error: no \u001b[2Jdatabase", "  "],
  } as const;
  assert.equal(
    line(exited),
    "✗ user ended (code 1) after 1.5s; starts again in 120ms; its last words:\n      ┃ Error: no database",
  );
});

test("every other event says what and whom, and a change of state nothing", () => {
  assert.match(
    line({ type: "crash-loop", service: "user", instance: "u", exits: 5, withinMs: 3_000, lastWords: [] }),
    /user is in a crash loop: 5 exits in 3\.0s/,
  );
  assert.match(
    line({ type: "assumed", external: "database", neededBy: ["a", "b"] }),
    /database is assumed.*a, b.*\[externals\]/,
  );
  assert.match(
    line({ type: "external", external: "db", address: "h:1", reachable: false }),
    /waiting for db at h:1/,
  );
  assert.match(
    line({ type: "external", external: "db", address: "h:1", reachable: true }),
    /db answers at h:1/,
  );
  assert.match(
    line({ type: "slow-start", service: "a", instance: "a-001", afterMs: 30_000 }),
    /not ready after 30\.0s.*health endpoint.*PORT/,
  );
  assert.equal(line({ type: "notice", text: "careful" }), "~ careful");
  assert.equal(line({ type: "state", service: "a", instance: "a-001", state: "starting" }), "");
});

test("a line of a service keeps its colours and loses what plays with the terminal", () => {
  assert.equal(harmless("\u001b[31mred\u001b[0m"), "\u001b[31mred\u001b[0m");
  assert.equal(harmless("a\u001b[2J\u001b[1;1Hb\u0007c\td"), "abc\td");
  assert.equal(harmless("a\u009b2Jb\u001b"), "a2Jb", "what opens a sequence in one character counts too");
});

test("colours come only when they are welcome, and a service keeps its own", () => {
  assert.equal(paintFor(false).nth(3, "x"), "x");
  assert.equal(paintFor(true).nth(3, "x"), paintFor(true).nth(13, "x"));
  assert.notEqual(paintFor(true).nth(3, "x"), paintFor(true).nth(4, "x"));
});
