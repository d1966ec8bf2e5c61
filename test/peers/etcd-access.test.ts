/** An etcd that asks who one is, over TLS: what a cluster that other machines reach looks like. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type EngineOptions, openEngine, registryDiscovery } from "../../src/discovery/index.ts";
import { Secret, systemClock, systemRandom, TuskerError } from "../../src/kernel/index.ts";
import { httpClient } from "../../src/net/index.ts";
import { testCertificate } from "../support/certificate.ts";
import { skipWithoutEtcd, startEtcdPeer } from "../support/etcd-peer.ts";
import { until } from "../support/until.ts";

const log = { info: () => undefined, warn: () => undefined };
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** With a user who may do everything, and one who may do what a fleet does. */
async function guarded() {
  const peer = await startEtcdPeer({ tls: testCertificate });
  for (const [name, password] of [
    ["root", "all:of it"],
    ["fleet", "ours"],
  ]) {
    await peer.call("auth/user/add", { name, password });
    await peer.call("auth/role/add", { name });
    await peer.call("auth/user/grant", { user: name, role: name });
  }
  const perm = { permType: "READWRITE", key: base64("tusker/"), range_end: base64("tusker0") };
  await peer.call("auth/role/grant", { name: "fleet", perm });
  await peer.call("auth/enable", {});
  return peer;
}

test("an etcd with users and TLS is used with a login, and refuses without one", {
  skip: skipWithoutEtcd,
}, async () => {
  await using peer = await guarded();
  await using http = httpClient();
  const common = { url: peer.url, http, clock: systemClock, random: systemRandom, log };
  const open = (own: Partial<EngineOptions>) => openEngine({ ...common, ...own });
  const tls = { ca: testCertificate.cert };

  await assert.rejects(
    open({}),
    (error) => error instanceof TuskerError && error.code === "DISCOVERY_UNREACHABLE",
    "a certificate nobody vouches for",
  );
  const token = new Secret("fleet:ours");
  for (const wrong of [new Secret("fleet:theirs"), new Secret("nobody")]) {
    await assert.rejects(open({ tls, token: wrong }), (error) => {
      assert.ok(error instanceof TuskerError && error.code === "DISCOVERY_PROTOCOL", String(error));
      assert.ok(!error.message.includes("theirs"), "the password is not told");
      return true;
    });
  }
  await assert.rejects(open({ tls }), { code: "DISCOVERY_PROTOCOL" }, "nobody in particular");

  await using engine = await open({ tls, token });
  await engine.kv.put("a", "1");
  assert.equal(Buffer.from((await engine.kv.get("a"))?.value ?? []).toString(), "1");
  const instance = { id: "u1", service: "user-service", host: "127.0.0.1", port: 8081 };
  await using _lease = await engine.registry.register(instance, { leaseMs: 10_000 });
  await using discovery = registryDiscovery({ ...common, tls, token });
  using _watch = discovery.watch("user-service", () => undefined);
  await until("the instance", () => discovery.known("user-service")?.endpoints.length === 1 || undefined);
});

test("a login that has ended is renewed without anybody noticing", { skip: skipWithoutEtcd }, async () => {
  await using peer = await guarded();
  await using http = httpClient();
  await using engine = await openEngine({
    ...{ url: peer.url, http, clock: systemClock, random: systemRandom, log },
    tls: { ca: testCertificate.cert },
    token: new Secret("root:all:of it"),
  });
  await engine.kv.put("a", "1");
  // Every change of a password ends the logins of its user.
  await peer.callAs("root", "all:of it", "auth/user/changepw", { name: "root", password: "all:of it" });
  await engine.kv.put("a", "2");
  assert.equal(Buffer.from((await engine.kv.get("a"))?.value ?? []).toString(), "2");
});
