import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { addressSet, isCidr } from "./cidr.ts";
import { clientAddress, clientKey } from "./client.ts";

const trusted = addressSet(["10.0.0.0/8", "::1", "fd00::/8"]);

test("addresses and networks of both families are understood, everything else is not", () => {
  for (const text of ["10.0.0.0/8", "192.0.2.1", "0.0.0.0/0", "::1", "fd00::/8", "::/0"])
    assert.equal(isCidr(text), true, text);
  for (const text of [
    "",
    "10.0.0.0/33",
    "::/129",
    "10.0.0/8",
    "host",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "fe80::1%eth0",
  ])
    assert.equal(isCidr(text), false, text);
});

test("a set knows its networks and nothing else", () => {
  for (const address of ["10.1.2.3", "::1", "fd12::1"]) assert.equal(trusted.has(address), true, address);
  for (const address of ["11.0.0.1", "::2", "2001:db8::1", "", "nonsense"])
    assert.equal(trusted.has(address), false, address);
  assert.equal(addressSet([]).has("10.0.0.1"), false);
});

test("a stranger is its own word, whatever it claims", () => {
  assert.equal(clientAddress("192.0.2.7", "1.2.3.4", trusted), "192.0.2.7");
  assert.equal(clientAddress("192.0.2.7", undefined, trusted), "192.0.2.7");
});

test("behind trusted proxies the nearest address that is not one of them is the client", () => {
  assert.equal(clientAddress("10.0.0.1", "1.2.3.4", trusted), "1.2.3.4");
  assert.equal(clientAddress("10.0.0.1", "9.9.9.9, 1.2.3.4, 10.0.0.2", trusted), "1.2.3.4");
  assert.equal(clientAddress("10.0.0.1", "10.0.0.3,10.0.0.2", trusted), "10.0.0.3");
});

test("reading stops at what is no address", () => {
  assert.equal(clientAddress("10.0.0.1", "1.2.3.4, unknown, 10.0.0.2", trusted), "10.0.0.2");
  assert.equal(clientAddress("10.0.0.1", "", trusted), "10.0.0.1");
});

test("ports, brackets and IPv4-in-IPv6 are understood", () => {
  assert.equal(clientAddress("10.0.0.1", "1.2.3.4:5678", trusted), "1.2.3.4");
  assert.equal(clientAddress("10.0.0.1", "[2001:db8::1]:80", trusted), "2001:db8::1");
  assert.equal(clientAddress("10.0.0.1", "::ffff:1.2.3.4", trusted), "1.2.3.4");
  assert.equal(clientAddress("10.0.0.1", "::FFFF:102:fe", trusted), "1.2.0.254");
});

test("an IPv4 client is its own key; IPv6 clients share the key of their first 64 bits", () => {
  assert.equal(clientKey("192.0.2.7"), "192.0.2.7");
  assert.equal(clientKey("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  assert.equal(clientKey("2001:db8:1:2::9"), "2001:db8:1:2::/64");
  assert.equal(clientKey("2001:0DB8:0001:0002::"), "2001:db8:1:2::/64");
  assert.equal(clientKey("2001:db8::1"), "2001:db8:0:0::/64");
  assert.equal(clientKey("::1"), "0:0:0:0::/64");
  assert.equal(clientKey("fe80::1%eth0"), "fe80:0:0:0::/64");
});

test("all spellings of one IPv6 network have one key, and two networks have two", () => {
  const group = fc.integer({ min: 0, max: 0xffff });
  fc.assert(
    fc.property(
      fc.array(group, { minLength: 8, maxLength: 8 }),
      fc.array(group, { minLength: 4, maxLength: 4 }),
      (groups, other) => {
        const long = groups.map((g) => g.toString(16).padStart(4, "0")).join(":");
        const short = new URL(`http://[${long}]`).hostname.slice(1, -1);
        assert.ok(isIPv6(short));
        assert.equal(clientKey(short), clientKey(long.toUpperCase()));
        const neighbour = [...groups.slice(0, 4), ...other].map((g) => g.toString(16)).join(":");
        assert.equal(clientKey(neighbour), clientKey(long));
        const elsewhere = [((groups[0] ?? 0) + 1) & 0xffff, ...groups.slice(1)]
          .map((g) => g.toString(16))
          .join(":");
        assert.notEqual(clientKey(elsewhere), clientKey(long));
      },
    ),
  );
});

test("never throws and never makes up an address", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (peer, list) => {
      const client = clientAddress(peer, list, addressSet(["0.0.0.0/0", "::/0"]));
      assert.equal(typeof clientKey(client), "string");
    }),
  );
});
