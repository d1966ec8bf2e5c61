import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../kernel/index.ts";
import { serviceDiscoverySection } from "./section.ts";

test("an empty section means: the local registry, asked at least every 30 seconds", () => {
  assert.deepEqual(serviceDiscoverySection.parse({}), {
    enabled: true,
    registry_url: "http://localhost:8500",
    dns_port: 8_600,
    script_checks: false,
    update_interval: 30_000,
  });
});

test("the section of the manual is read as written", () => {
  const settings = serviceDiscoverySection.parse({
    enabled: false,
    registry_url: "https://registry.example:8501",
    dns_port: 0,
    script_checks: true,
    update_interval: "1m30s",
  });
  assert.deepEqual(settings, {
    enabled: false,
    registry_url: "https://registry.example:8501",
    dns_port: 0,
    script_checks: true,
    update_interval: 90_000,
  });
});

test("tokens and rules are read, and only secrets may be tokens", () => {
  const tokens = { app: { secret: new Secret("s3cret"), key: { "app/*": "write" } } };
  const { acl, token } = serviceDiscoverySection.parse({ token: new Secret("own"), acl: { tokens } });
  assert.equal(token?.reveal(), "own");
  assert.equal(acl?.tokens.app?.secret.reveal(), "s3cret");
  assert.deepEqual(acl?.anonymous, {});
  const plain = serviceDiscoverySection.safeParse({ token: "own" });
  assert.match(plain.error?.issues[0]?.message ?? "", /must be a secret/);
});

for (const [what, written] of [
  ["an unknown key", { registry: "x" }],
  ["an address without scheme", { registry_url: "localhost:8500" }],
  ["an interval without unit", { update_interval: "30" }],
  ["an interval below a second", { update_interval: "10ms" }],
  ["an interval longer than a registry waits", { update_interval: "11m" }],
  ["a port that is none", { dns_port: 65_536 }],
  ["a token without a secret", { acl: { tokens: { app: { management: true } } } }],
  ["a rule that says something else", { acl: { anonymous: { key: { "*": "list" } } } }],
  ["text for a switch", { enabled: "yes" }],
] as const) {
  test(`${what} is refused`, () => {
    assert.equal(serviceDiscoverySection.safeParse(written).success, false);
  });
}
