/** A question whose sender cannot be answered: no socket of a program sends it, but anybody may put it on the wire. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { tuskerProcess } from "../support/tusker-process.ts";

/** Sends what stands in hexadecimal to a port of this machine, from port 0 (RFC 768). */
const forge = `
import socket, struct, sys
port, octets = int(sys.argv[1]), bytes.fromhex(sys.argv[2])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
raw.sendto(struct.pack("!HHHH", 0, port, 8 + len(octets), 0) + octets, ("127.0.0.1", port))
`;

/** RFC 1035 §4.1: a question for the addresses of `a.service.consul`. */
const question = Buffer.from("\0\x01\x01\0\0\x01\0\0\0\0\0\0\x01a\x07service\x06consul\0\0\x01\0\x01");

test("a question from port 0 is passed over, and the registry goes on", async (t) => {
  await using registry = tuskerProcess(["registry", "--json", "--port", "0"], {
    cwd: tmpdir(),
  });
  const { dns } = await registry.line((line) => typeof line.registry === "string");
  const [host = "", port = ""] = String(dns).split(":");
  const forged = spawnSync("python3", ["-c", forge, port, question.toString("hex")], { encoding: "utf8" });
  if (forged.error !== undefined) return t.skip("no python3 here");
  if (/PermissionError/.test(forged.stderr)) return t.skip("this user may not forge datagrams");
  assert.equal(forged.status, 0, forged.stderr);
  const resolver = new Resolver({ timeout: 5_000, tries: 1 });
  resolver.setServers([`${host}:${port}`]);
  // Datagrams of one machine keep their order: when this is answered the forged one has been read.
  await assert.rejects(resolver.resolve4("a.service.consul"), { code: "ENOTFOUND" });
  assert.equal(await registry.end(), 0, registry.noise.join("\n"));
});
