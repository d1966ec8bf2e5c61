import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, octetsOf, reversedOf, toHex } from "./addresses.ts";

test("an address is its octets", () => {
  assert.deepEqual(octetsOf("10.0.0.1"), Uint8Array.of(10, 0, 0, 1));
  assert.deepEqual(toHex(octetsOf("fd00::1") ?? new Uint8Array()), "fd000000000000000000000000000001");
  assert.deepEqual(
    toHex(octetsOf("::ffff:10.0.0.1") ?? new Uint8Array()),
    "00000000000000000000ffff0a000001",
  );
  for (const text of ["fe80::1%eth0", "db.example.com", "10.0.0", ""])
    assert.equal(octetsOf(text), undefined);
});

test("every IPv6 address has its sixteen octets back", () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const octets = octetsOf(address) ?? new Uint8Array();
      assert.equal(octets.length, 16);
      const written = toHex(octets).replace(/(.{4})(?!$)/g, "$1:");
      assert.deepEqual(octetsOf(written), octets);
      assert.deepEqual(fromHex(toHex(octets)), octets);
    }),
  );
});

test("a reversed name is the address it stands for", () => {
  assert.equal(reversedOf("1.0.0.10.in-addr.arpa".split(".")), "0a000001");
  const six = `${"1".padEnd(32, "0").split("").join(".")}.IP6.ARPA`;
  assert.equal(reversedOf(six.split(".")), "00000000000000000000000000000001");
  for (const name of ["10.in-addr.arpa", "256.0.0.10.in-addr.arpa", "x.ip6.arpa", "a.b.c.d.in-addr.arpa"])
    assert.equal(reversedOf(name.split(".")), undefined, name);
});
