import assert from "node:assert/strict";
import { test } from "node:test";
import { serviceDiscoverySection } from "./section.ts";

test("an empty section means: the local registry, asked at least every 30 seconds", () => {
  assert.deepEqual(serviceDiscoverySection.parse({}), {
    enabled: true,
    registry_url: "http://localhost:8500",
    dns_port: 8_600,
    update_interval: 30_000,
  });
});

test("the section of the manual is read as written", () => {
  const settings = serviceDiscoverySection.parse({
    enabled: false,
    registry_url: "https://registry.example:8501",
    dns_port: 0,
    update_interval: "1m30s",
  });
  assert.deepEqual(settings, {
    enabled: false,
    registry_url: "https://registry.example:8501",
    dns_port: 0,
    update_interval: 90_000,
  });
});

for (const [what, written] of [
  ["an unknown key", { registry: "x" }],
  ["an address without scheme", { registry_url: "localhost:8500" }],
  ["an interval without unit", { update_interval: "30" }],
  ["an interval below a second", { update_interval: "10ms" }],
  ["an interval longer than a registry waits", { update_interval: "11m" }],
  ["a port that is none", { dns_port: 65_536 }],
  ["text for a switch", { enabled: "yes" }],
] as const) {
  test(`${what} is refused`, () => {
    assert.equal(serviceDiscoverySection.safeParse(written).success, false);
  });
}
