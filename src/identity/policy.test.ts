import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { authorize, definePolicy } from "./index.ts";

const policy = definePolicy([
  { subjects: ["operator"], actions: ["*"] },
  { subjects: ["ci-*"], actions: ["fleet.read", "service.*"] },
  { subjects: ["*"], actions: ["fleet.health"] },
]);

const allowed = (subject: string, action: string, scopes?: readonly string[]): boolean =>
  authorize(policy, scopes === undefined ? { subject, action } : { subject, action, scopes }).allowed;

test("an empty policy denies everything", () => {
  const empty = definePolicy([]);
  fc.assert(
    fc.property(fc.string(), fc.string(), (subject, action) => {
      assert.equal(authorize(empty, { subject, action }).allowed, false);
    }),
  );
});

test("exact names, prefixes and everybody", () => {
  assert.equal(allowed("operator", "service.stop"), true);
  assert.equal(allowed("ci-main", "service.restart"), true);
  assert.equal(allowed("ci-main", "fleet.read"), true);
  assert.equal(allowed("ci-main", "fleet.reads"), false);
  assert.equal(allowed("ci-main", "fleet.stop"), false);
  assert.equal(allowed("anybody", "fleet.health"), true);
  assert.equal(allowed("operators", "service.stop"), false);
  assert.equal(allowed("", "service.stop"), false);
});

test("scopes only take away", () => {
  assert.equal(allowed("operator", "service.stop", ["service.*"]), true);
  assert.equal(allowed("operator", "service.stop", ["fleet.*"]), false);
  assert.equal(allowed("operator", "service.stop", []), false);
  assert.equal(allowed("anybody", "service.stop", ["*"]), false);
  const name = fc.constantFrom("operator", "ci-1", "other");
  const action = fc.constantFrom("fleet.read", "fleet.health", "service.stop");
  const scopes = fc.array(fc.constantFrom("*", "fleet.*", "service.stop", "fleet.read"));
  fc.assert(
    fc.property(name, action, scopes, (who, what, list) => {
      if (allowed(who, what, list)) assert.equal(allowed(who, what), true);
    }),
  );
});

test("the order of rules does not matter", () => {
  const name = fc.constantFrom("operator", "ci-1", "other");
  const action = fc.constantFrom("fleet.read", "fleet.health", "service.stop");
  fc.assert(
    fc.property(
      name,
      action,
      fc.shuffledSubarray([...policy.allow], { minLength: 3 }),
      (subject, what, rules) => {
        const shuffled = authorize(definePolicy(rules), { subject, action: what });
        assert.equal(shuffled.allowed, allowed(subject, what));
      },
    ),
  );
});

test("a denial is an IDENTITY_DENIED error that names who and what", () => {
  const decision = authorize(policy, { subject: "ci-1", action: "fleet.stop" });
  assert.ok(!decision.allowed);
  assert.equal(decision.error.code, "IDENTITY_DENIED");
  assert.deepEqual(decision.error.details, { subject: "ci-1", action: "fleet.stop" });
});

test("an approval names the rule that gave it", () => {
  const decision = authorize(policy, { subject: "anybody", action: "fleet.health" });
  assert.ok(decision.allowed);
  assert.deepEqual(decision.rule, policy.allow[2]);
});

test("a pattern with a star before its end, or an empty one, is refused", () => {
  for (const pattern of ["", "a*b", "*a", "**"]) {
    assert.throws(() => definePolicy([{ subjects: [pattern], actions: ["*"] }]), {
      code: "IDENTITY_INVALID",
    });
    assert.throws(() => definePolicy([{ subjects: ["*"], actions: [pattern] }]), {
      code: "IDENTITY_INVALID",
    });
  }
});

test("a policy is a frozen copy", () => {
  const subjects = ["operator"];
  const made = definePolicy([{ subjects, actions: ["*"] }]);
  subjects.push("*");
  assert.equal(authorize(made, { subject: "somebody", action: "x" }).allowed, false);
  assert.ok(Object.isFrozen(made.allow[0]?.subjects));
});
