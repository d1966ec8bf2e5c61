/** Names over real sockets, asked by Node's own resolver (c-ares). */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { type Bench, bench } from "../fixture.test.ts";
import { question, readReply } from "./fixture.test.ts";
import { rcodes, types } from "./records.ts";

async function names(): Promise<Bench & { readonly resolver: Resolver; readonly dnsPort: number }> {
  const b = await bench({ dnsPort: 0 });
  const dnsPort = b.registry.dnsPort ?? assert.fail("no DNS");
  const resolver = new Resolver({ timeout: 5_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${dnsPort}`]);
  return Object.assign(b, { resolver, dnsPort });
}

const register = "/v1/agent/service/register";

async function overUdp(port: number, message: Uint8Array): Promise<Buffer> {
  const socket = createSocket("udp4");
  try {
    socket.send(message, port, "127.0.0.1");
    const [reply] = await once(socket, "message");
    return reply;
  } finally {
    socket.close();
  }
}

/** Sends octets on one connection and reads whole messages until there are `count`. */
async function overTcp(port: number, octets: Uint8Array, count: number): Promise<Buffer[]> {
  const socket = connect(port, "127.0.0.1");
  socket.write(octets);
  const messages: Buffer[] = [];
  let rest = Buffer.alloc(0);
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      messages.push(rest.subarray(2, 2 + rest.readUInt16BE(0)));
      rest = rest.subarray(2 + rest.readUInt16BE(0));
    }
    if (messages.length >= count) break;
  }
  return messages;
}

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(message.length);
  return Buffer.concat([head, message]);
}

test("a service's passing instances are its addresses, by both domains, with and without a tag", async () => {
  await using t = await names();
  await t.put(register, { ID: "a", Name: "web", Address: "10.0.0.1", Port: 80, Tags: ["V1"] });
  await t.put(register, { ID: "b", Name: "web", Address: "10.0.0.2", Port: 81 });
  await t.put(register, { ID: "c", Name: "web", Address: "10.0.0.3", Port: 82, Check: { TTL: "10s" } });
  await t.put(register, {
    ID: "d",
    Name: "web",
    Address: "10.0.0.4",
    Port: 82,
    Check: { TTL: "10s", Status: "warning" },
  });
  const { resolver } = t;
  assert.deepEqual((await resolver.resolve4("web.service.consul")).sort(), ["10.0.0.1", "10.0.0.2"]);
  assert.deepEqual((await resolver.resolve4("web.service.dc1.tusker")).sort(), ["10.0.0.1", "10.0.0.2"]);
  assert.deepEqual(await resolver.resolve4("v1.WEB.service.consul"), ["10.0.0.1"]);
  await t.put("/v1/agent/check/pass/service:c");
  assert.equal((await resolver.resolve4("web.service.consul")).length, 3);
});

test("SRV tells port, weight and a name that has the address", async () => {
  await using t = await names();
  const weights = { Passing: 7, Warning: 1 };
  await t.put(register, {
    ID: "a",
    Name: "web",
    Address: "10.0.0.1",
    Port: 80,
    Weights: weights,
    Tags: ["x"],
  });
  const [record] = await t.resolver.resolveSrv("_web._tcp.service.consul");
  assert.deepEqual(
    { ...record },
    {
      name: "0a000001.addr.dc1.consul",
      port: 80,
      priority: 1,
      weight: 7,
      ...("type" in (record ?? {}) ? { type: "SRV" } : {}),
    },
  );
  assert.deepEqual(await t.resolver.resolve4("0a000001.addr.dc1.consul"), ["10.0.0.1"]);
  assert.equal((await t.resolver.resolveSrv("_web._x.service.tusker")).length, 1);
  await assert.rejects(t.resolver.resolveSrv("_web._y.service.tusker"), { code: "ENOTFOUND" });
});

test("an instance without an address of its own is where its node is", async () => {
  await using t = await names();
  await t.put(register, { ID: "a", Name: "web", Port: 80 });
  const [record] = await t.resolver.resolveSrv("web.service.consul");
  assert.equal(record?.name, "n1.node.dc1.consul");
  assert.deepEqual(await t.resolver.resolve4("n1.node.consul"), ["127.0.0.1"]);
});

test("an instance with a host name is an alias, one with an IPv6 address is an AAAA", async () => {
  await using t = await names();
  await t.put(register, { ID: "a", Name: "named", Port: 80, Address: "db.example.com" });
  await t.put(register, { ID: "b", Name: "six", Port: 80, Address: "fd00::1" });
  assert.deepEqual(await t.resolver.resolveCname("named.service.consul"), ["db.example.com"]);
  assert.deepEqual(await t.resolver.resolve6("six.service.consul"), ["fd00::1"]);
  const [record] = await t.resolver.resolveSrv("six.service.consul");
  assert.deepEqual(await t.resolver.resolve6(record?.name ?? ""), ["fd00::1"]);
});

test("a node has its address and its metadata", async () => {
  await using t = await names();
  await t.put("/v1/catalog/register", {
    Node: "Far",
    Address: "10.9.9.9",
    NodeMeta: { rack: "7", note: "x".repeat(300) },
  });
  assert.deepEqual(await t.resolver.resolve4("far.node.consul"), ["10.9.9.9"]);
  const texts = await t.resolver.resolveTxt("far.node.dc1.consul");
  assert.deepEqual(texts.map((pieces) => pieces.join("")).sort(), [`note=${"x".repeat(300)}`, "rack=7"]);
});

test("an address has the name of its node, else of a service there", async () => {
  await using t = await names();
  await t.put("/v1/catalog/register", { Node: "far", Address: "10.9.9.9" });
  await t.put(register, { ID: "b", Name: "six", Port: 80, Address: "fd00::1" });
  assert.deepEqual(await t.resolver.reverse("10.9.9.9"), ["far.node.dc1.tusker"]);
  assert.deepEqual(await t.resolver.reverse("fd00::1"), ["six.service.dc1.tusker"]);
  await assert.rejects(t.resolver.resolvePtr("8.9.9.10.in-addr.arpa"), { code: "EREFUSED" });
});

test("what is absent is told apart: no name, no such type, not ours", async () => {
  await using t = await names();
  await t.put(register, { ID: "a", Name: "web", Address: "10.0.0.1", Port: 80, Check: { TTL: "10s" } });
  for (const name of [
    "nope.service.consul",
    "web.service.consul",
    "web.service.dc9.consul",
    "x.query.consul",
  ])
    await assert.rejects(t.resolver.resolve4(name), { code: "ENOTFOUND" }, name);
  await t.put("/v1/agent/check/pass/service:a");
  await assert.rejects(t.resolver.resolve6("web.service.consul"), { code: "ENODATA" });
  await assert.rejects(t.resolver.resolveMx("web.service.consul"), { code: "ENODATA" });
  await assert.rejects(t.resolver.resolve4("example.com"), { code: "EREFUSED" });
  assert.equal((await t.resolver.resolveSoa("consul")).nsname, "ns.consul");
  assert.deepEqual(await t.resolver.resolveNs("tusker"), ["n1.node.dc1.tusker"]);
});

test("what does not fit a datagram is cut, said to be cut, and whole over TCP", async () => {
  await using t = await names();
  for (let i = 0; i < 60; i++)
    await t.put(register, { ID: `${i}`, Name: "web", Address: `10.0.0.${i}`, Port: 80 });
  const asked = question(["web", "service", "consul"], types.SRV);
  const short = readReply(await overUdp(t.dnsPort, asked));
  assert.equal(short.truncated, true);
  assert.ok(short.bytes <= 512 && short.answers.length > 5, `${short.answers.length}`);
  const wider = readReply(await overUdp(t.dnsPort, question(["web", "service", "consul"], types.SRV, 1_232)));
  assert.ok(wider.bytes <= 1_232 && wider.answers.length > short.answers.length);
  const [whole] = (await overTcp(t.dnsPort, framed(asked), 1)).map(readReply);
  assert.deepEqual([whole?.truncated, whole?.answers.length, whole?.additional.length], [false, 60, 60]);
  assert.equal((await t.resolver.resolveSrv("web.service.consul")).length, 60);
});

test("questions on one connection are answered in order, however they are cut up", async () => {
  await using t = await names();
  await t.put(register, { ID: "a", Name: "web", Address: "10.0.0.1", Port: 80 });
  const asked = [1, 2, 3].map((id) => framed(question(["web", "service", "consul"], types.A, undefined, id)));
  const replies = await overTcp(t.dnsPort, Buffer.concat(asked), 3);
  assert.deepEqual(
    replies.map((reply) => reply.readUInt16BE(0)),
    [1, 2, 3],
  );
});

test("connections that ask nothing make room for one that does, and one that asks keeps its place", async () => {
  await using t = await names();
  await t.put(register, { ID: "a", Name: "web", Address: "10.0.0.1", Port: 80 });
  const ask = framed(question(["web", "service", "consul"], types.A));
  const held = connect(t.dnsPort, "127.0.0.1").setNoDelay();
  const half: Socket[] = [];
  for (let round = 0; round < 6; round++) {
    held.write(ask);
    await once(held, "data");
    const some = Array.from({ length: 200 }, () => connect(t.dnsPort, "127.0.0.1").on("error", () => {}));
    await Promise.all(some.map((socket) => once(socket, "connect")));
    for (const socket of some) socket.write(Buffer.of(0));
    half.push(...some);
    const [reply] = await overTcp(t.dnsPort, ask, 1);
    assert.equal(readReply(reply ?? assert.fail("no answer")).answers.length, 1);
  }
  for (const socket of [held, ...half]) socket.destroy();
});

test("octets that are no message get FORMERR or silence, and the next question its answer", async () => {
  await using t = await names();
  const broken = Buffer.from(question(["web", "service", "consul"], types.A)).subarray(0, 20);
  assert.equal((await overUdp(t.dnsPort, broken))[3], rcodes.malformed);
  const answer = Buffer.from(question(["n1", "node", "consul"], types.A, undefined, 9));
  answer[2] = 0x80;
  const asked = question(["n1", "node", "consul"], types.A, undefined, 10);
  const [reply] = await overTcp(t.dnsPort, Buffer.concat([framed(answer), framed(asked)]), 1);
  assert.equal(reply?.readUInt16BE(0), 10);
});

test("a port that is taken is told, and the registry runs without DNS", async () => {
  await using t = await names();
  await using other = await bench({ dnsPort: t.dnsPort });
  assert.equal(other.registry.dnsPort, undefined);
  assert.match(other.logged.join("\n"), new RegExp(`no DNS: TCP port ${t.dnsPort}`));
  await other.put(register, { Name: "x" });
});
