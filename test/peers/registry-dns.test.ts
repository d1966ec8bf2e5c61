/** The registry's DNS, read by programs that are not ours: dig, the resolver of HAProxy, and the registry it is like. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { systemClock, systemRandom } from "../../src/kernel/index.ts";
import { type Registry, startRegistry } from "../../src/registry/index.ts";
import { skipWithoutPeer, startConsulPeer } from "../support/consul-peer.ts";
import { freePort, peerEnvironment, peerProgram, startListener } from "../support/peer-program.ts";
import { until } from "../support/until.ts";

const missing = (name: "dig" | "haproxy"): string | false =>
  peerProgram(name) === undefined
    ? `no .peers/${name} here; fetch it with: node scripts/setup-peers.ts`
    : false;

const log = { info: () => undefined, error: (message: string) => assert.fail(message) };

function registryWithDns(): Promise<Registry> {
  return startRegistry({ port: 0, dnsPort: 0, clock: systemClock, random: systemRandom, node: "box", log });
}

async function put(base: string, path: string, body: object): Promise<void> {
  const answer = await fetch(`${base}${path}`, { method: "PUT", body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.text());
}

interface Dug {
  readonly status: string;
  readonly flags: string;
  /** Sections by name; records in one form, in order of their text: the order on the wire is drawn by chance. */
  readonly sections: Readonly<Record<string, readonly string[]>>;
  /** What dig itself has to say against the message. */
  readonly warnings: readonly string[];
}

async function dig(port: number, ...words: string[]): Promise<Dug> {
  const program = peerProgram("dig") ?? "dig";
  const args = ["+noall", "+comments", "+answer", "+authority", "+additional", "+tries=2", "-p", `${port}`];
  const { stdout } = await promisify(execFile)(program, [...args, "@127.0.0.1", ...words], {
    env: { ...peerEnvironment("dig"), HOME: tmpdir() },
  });
  const sections: Record<string, string[]> = {};
  let section: string[] = [];
  for (const line of stdout.split("\n")) {
    const title = /^;; (\w+) SECTION:/.exec(line)?.[1];
    if (title !== undefined) {
      section = [];
      sections[title] = section;
    } else if (line !== "" && !line.startsWith(";")) section.push(line.replace(/\s+/g, " "));
  }
  for (const records of Object.values(sections)) records.sort();
  return {
    status: /status: (\w+)/.exec(stdout)?.[1] ?? "",
    flags: /flags: ([\w ]*)/.exec(stdout)?.[1] ?? "",
    sections,
    warnings: stdout.split("\n").filter((line) => /WARNING|malformed|Got bad/i.test(line)),
  };
}

const register = "/v1/agent/service/register";

async function fill(url: string): Promise<void> {
  const weights = { Passing: 5, Warning: 2 };
  const w1 = { ID: "w1", Name: "web", Tags: ["v1", "a.b"], Port: 80, Address: "10.1.0.1", Weights: weights };
  await put(url, register, w1);
  await put(url, register, { ID: "w3", Name: "web", Port: 82 });
  await put(url, register, { ID: "n1", Name: "named", Port: 82, Address: "db.example.com" });
  await put(url, register, { ID: "s1", Name: "six", Port: 82, Address: "fd00::1" });
  await put(url, register, { ID: "c1", Name: "crit", Port: 82, Check: { TTL: "60s" } });
  await put(url, register, { ID: "u1", Name: "UPPER", Port: 82 });
  const far = { Node: "far", Address: "10.9.9.9", NodeMeta: { rack: "7" } };
  await put(url, "/v1/catalog/register", {
    ...far,
    Service: { Service: "far-svc", Port: 9, Address: "10.9.9.8" },
  });
}

/** Asked of both; the answers must be the same but for what docs/reference/registry.md lists. */
const questions: readonly (readonly string[])[] = [
  ["web.service.consul", "A"],
  ["web.service.consul", "SRV"],
  ["web.service.consul", "ANY"],
  ["web.service.consul", "AAAA"],
  ["web.service.consul", "MX"],
  ["web.service.dc1.consul", "A"],
  ["web.service.dc9.consul", "A"],
  ["v1.web.service.consul", "A"],
  ["a.b.web.service.consul", "A"],
  ["v9.web.service.consul", "A"],
  ["_web._tcp.service.consul", "SRV"],
  ["_web._v1.service.consul", "SRV"],
  ["_web._v9.service.consul", "SRV"],
  ["named.service.consul", "A"],
  ["named.service.consul", "SRV"],
  ["six.service.consul", "AAAA"],
  ["six.service.consul", "SRV"],
  ["crit.service.consul", "A"],
  ["upper.service.consul", "A"],
  ["WEB.Service.CONSUL", "A"],
  ["box.node.consul", "A"],
  ["far.node.consul", "A"],
  ["far.node.consul", "TXT"],
  ["far.node.consul", "ANY"],
  ["far.node.dc1.consul", "A"],
  ["nope.node.consul", "A"],
  ["0a010001.addr.dc1.consul", "A"],
  ["fd000000000000000000000000000001.addr.consul", "AAAA"],
  ["consul", "SOA"],
  ["consul", "NS"],
  ["service.consul", "A"],
  ["x.y.z.consul", "A"],
  ["foo.query.consul", "A"],
  ["example.com", "A"],
  ["+opcode=2", "web.service.consul", "A"],
  ["+tcp", "web.service.consul", "SRV"],
];

/** Without metadata of nodes beside their addresses, and without the time that a serial is. */
function comparable({ status, sections }: Dug): object {
  const records = (name: string): string[] =>
    (sections[name] ?? [])
      .filter(
        (line) => !(name === "ADDITIONAL" && / TXT /.test(line)) && !/consul-network-segment/.test(line),
      )
      .map((line) => line.replace(/(SOA \S+ \S+) \d+/, "$1 now"));
  return {
    status,
    answers: records("ANSWER"),
    authority: records("AUTHORITY"),
    additional: [...new Set(records("ADDITIONAL"))],
  };
}

test("dig reads the same from us as from the registry we are like", {
  skip: missing("dig") || skipWithoutPeer,
}, async () => {
  await using ours = await registryWithDns();
  await using theirs = await startConsulPeer();
  await fill(ours.url);
  await fill(theirs.url);
  // An agent there tells its catalogue a moment later.
  await until("the peer's catalogue", async () => {
    const { sections } = await dig(theirs.dnsPort, "upper.service.consul", "A");
    return (sections.ANSWER ?? []).length > 0;
  });
  for (const words of questions) {
    const [here, there] = [await dig(ours.dnsPort ?? 0, ...words), await dig(theirs.dnsPort, ...words)];
    assert.deepEqual(comparable(here), comparable(there), words.join(" "));
    assert.deepEqual(
      here.warnings.filter((line) => !/recursion requested|NOTIMP/.test(line)),
      [],
      words.join(" "),
    );
  }
});

test("dig reads our own domain, and names of addresses", { skip: missing("dig") }, async () => {
  await using ours = await registryWithDns();
  const port = ours.dnsPort ?? 0;
  await fill(ours.url);
  const { sections, flags } = await dig(port, "_web._tcp.service.tusker", "SRV");
  assert.match(flags, /\baa\b/);
  assert.deepEqual(sections.ANSWER, [
    "_web._tcp.service.tusker. 0 IN SRV 1 1 82 box.node.dc1.tusker.",
    "_web._tcp.service.tusker. 0 IN SRV 1 5 80 0a010001.addr.dc1.tusker.",
  ]);
  assert.deepEqual((await dig(port, "-x", "10.9.9.9")).sections.ANSWER, [
    "9.9.9.10.in-addr.arpa. 0 IN PTR far.node.dc1.tusker.",
  ]);
  assert.equal((await dig(port, "-x", "1.2.3.4")).status, "REFUSED");
  assert.equal((await dig(port, "+edns=1", "+noednsneg", "web.service.tusker", "A")).status, "BADVERS");
});

test("a long answer is cut for who takes little, and dig fetches the whole by TCP", {
  skip: missing("dig"),
}, async () => {
  await using ours = await registryWithDns();
  const port = ours.dnsPort ?? 0;
  for (let i = 0; i < 60; i++)
    await put(ours.url, register, { ID: `${i}`, Name: "web", Address: `10.0.0.${i}`, Port: 80 });
  const cut = await dig(port, "+noedns", "+ignore", "web.service.tusker", "SRV");
  assert.match(cut.flags, /\btc\b/);
  const whole = await dig(port, "+noedns", "web.service.tusker", "SRV");
  assert.equal(whole.sections.ANSWER?.length, 60);
});

/** Says one line to HAProxy's socket and gives its answer. */
async function haproxySays(socket: string, command: string): Promise<string> {
  const connection = connect(socket);
  await once(connection, "connect");
  connection.end(`${command}\n`);
  let text = "";
  for await (const chunk of connection.setEncoding("utf8")) text += chunk;
  return text;
}

test("HAProxy fills its server slots from our SRV records, and follows them", {
  skip: missing("haproxy"),
}, async () => {
  await using ours = await registryWithDns();
  const folder = mkdtempSync(join(tmpdir(), "tusker-haproxy-"));
  const backends = await Promise.all(["a", "b", "c"].map((name) => backend(name)));
  try {
    const [front, socket, file] = [await freePort(), join(folder, "stats"), join(folder, "haproxy.cfg")];
    writeFileSync(file, haproxyConfig({ front, socket, dns: ours.dnsPort ?? 0 }));
    for (const { name, port } of backends.slice(0, 2))
      await put(ours.url, register, { ID: name, Name: "web", Address: "127.0.0.1", Port: port });
    const command = peerProgram("haproxy") ?? "haproxy";
    const env = peerEnvironment("haproxy");
    await using _proxy = await startListener({ command, args: ["-db", "-f", file], port: front, env });
    const ports = async (): Promise<string> => {
      const rows = (await haproxySays(socket, "show servers state web")).split("\n").slice(2);
      const fields = rows.filter((row) => row !== "").map((row) => row.split(" "));
      const filled = fields.filter((row) => row[4] === "127.0.0.1" && row[5] === "2");
      return filled
        .map((row) => row[18])
        .sort()
        .join();
    };
    const filledWith = (...names: string[]) => {
      const wanted = backends.filter(({ name }) => names.includes(name)).map(({ port }) => `${port}`);
      return until(`slots of ${names}`, async () => (await ports()) === wanted.sort().join());
    };
    await filledWith("a", "b");
    const heard = new Set<string>();
    for (let i = 0; i < 8; i++) heard.add(await (await fetch(`http://127.0.0.1:${front}/`)).text());
    assert.deepEqual([...heard].sort(), ["a", "b"]);
    await put(ours.url, register, { ID: "c", Name: "web", Address: "127.0.0.1", Port: backends[2]?.port });
    await filledWith("a", "b", "c");
    await put(ours.url, "/v1/agent/service/deregister/a", {});
    await filledWith("b", "c");
  } finally {
    for (const { close } of backends) await close();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function backend(name: string) {
  const server = createServer((_, answer) => answer.end(name)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { name, port: typeof address === "object" && address !== null ? address.port : 0, close };
}

function haproxyConfig({ front, socket, dns }: { front: number; socket: string; dns: number }): string {
  return `global
  stats socket ${socket} mode 600 level admin
resolvers registry
  nameserver one 127.0.0.1:${dns}
  accepted_payload_size 8192
  timeout resolve 200ms
  timeout retry 200ms
  hold valid 200ms
  hold obsolete 0s
defaults
  mode http
  timeout connect 3s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${front}
  default_backend web
backend web
  balance roundrobin
  server-template slot 5 _web._tcp.service.tusker resolvers registry init-addr none
`;
}
