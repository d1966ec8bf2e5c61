import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { question, readReply } from "./fixture.test.ts";
import { type DnsQuery, decodeQuery, encodeReply } from "./message.ts";
import { readName } from "./names.ts";
import { type DnsRecord, rcodes, types } from "./records.ts";

function queryOf(bytes: Buffer): DnsQuery {
  const decoded = decodeQuery(bytes);
  if (decoded?.kind !== "query") return assert.fail("no query");
  return decoded.query;
}

const rcodeOf = (bytes: Buffer): number | undefined => {
  const decoded = decodeQuery(bytes);
  return decoded?.kind === "refused" ? readReply(Buffer.from(decoded.reply)).rcode : undefined;
};

const label = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
const dotted = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));
const record: fc.Arbitrary<DnsRecord> = fc.oneof(
  dotted.map((name): DnsRecord => ({ name, type: "A", address: Uint8Array.of(10, 0, 0, 1) })),
  fc.tuple(dotted, dotted).map(([name, target]): DnsRecord => ({ name, type: "CNAME", target })),
  fc
    .tuple(dotted, dotted)
    .map(([name, target]): DnsRecord => ({ name, type: "SRV", weight: 1, port: 80, target })),
  fc
    .tuple(dotted, fc.string({ maxLength: 600 }))
    .map(([name, text]): DnsRecord => ({ name, type: "TXT", text })),
);

test("any octets are a query, FORMERR, NOTIMP or met with silence, and never an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
      const decoded = decodeQuery(Buffer.from(octets));
      if (decoded?.kind === "refused") readReply(Buffer.from(decoded.reply));
    }),
    { numRuns: 2_000 },
  );
});

test("a question with any octets changed is still one of these", () => {
  const asked = question(["web", "service", "consul"], types.SRV, 1_232);
  const change = fc.tuple(fc.nat(asked.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), fc.nat(asked.length), (changes, end) => {
      const octets = Buffer.from(asked.subarray(0, end));
      for (const [at, value] of changes) if (at < octets.length) octets[at] = value;
      const decoded = decodeQuery(octets);
      if (decoded?.kind === "refused") readReply(Buffer.from(decoded.reply));
      if (decoded?.kind !== "query") return;
      const reply = { rcode: 0, authoritative: true, answers: [], authority: [], additional: [] };
      readReply(Buffer.from(encodeReply(decoded.query, reply, 512)));
    }),
    { numRuns: 2_000 },
  );
});

test("what is written is read back by another reader, in order, within the limit", () => {
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 30 }),
      fc.integer({ min: 512, max: 3_000 }),
      (answers, limit) => {
        const query = queryOf(question(["a", "b", "consul"], types.ANY, 4_096));
        const reply = { rcode: 0, authoritative: true, answers, authority: [], additional: [] };
        const read = readReply(Buffer.from(encodeReply(query, reply, limit)));
        assert.ok(read.bytes <= limit);
        assert.equal(read.truncated, read.answers.length < answers.length);
        assert.equal(read.edns, true);
        read.answers.forEach((found, i) => {
          const sent = answers[i];
          assert.deepEqual([found.name, found.type], [sent?.name, sent && types[sent.type]]);
          if (sent !== undefined && "target" in sent) assert.equal(found.target, sent.target);
        });
      },
    ),
  );
});

test("a question is repeated to the letter, and its name is pointed at", () => {
  const query = queryOf(question(["WeB", "Service", "consul"], types.A));
  const answers: DnsRecord[] = [
    { name: "", type: "A", address: Uint8Array.of(1, 2, 3, 4) },
    { name: "other.SERVICE.consul", type: "A", address: Uint8Array.of(1, 2, 3, 4) },
  ];
  const reply = { rcode: 0, authoritative: true, answers, authority: [], additional: [] };
  const bytes = Buffer.from(encodeReply(query, reply, 512));
  const read = readReply(bytes);
  assert.equal(read.question, "WeB.Service.consul");
  assert.deepEqual(
    read.answers.map(({ name }) => name),
    ["WeB.Service.consul", "other.Service.consul"],
  );
  assert.equal(bytes.length, 12 + 24 + 16 + (6 + 2) + 14);
});

test("the target of an SRV record is not compressed, and may be pointed at", () => {
  const query = queryOf(question(["x", "consul"], types.SRV));
  const answers: DnsRecord[] = [{ name: "", type: "SRV", weight: 1, port: 1, target: "y.consul" }];
  const additional: DnsRecord[] = [{ name: "y.consul", type: "A", address: Uint8Array.of(1, 2, 3, 4) }];
  const reply = { rcode: 0, authoritative: true, answers, authority: [], additional };
  const read = readReply(Buffer.from(encodeReply(query, reply, 512)));
  assert.equal(read.answers[0]?.data.length, 6 + "y.consul".length + 2);
  assert.equal(read.additional[0]?.name, "y.consul");
});

test("a pointer that does not point back is malformed: there are no circles", () => {
  const circle = Buffer.from([...Buffer.alloc(12), 0xc0, 12]);
  assert.equal(readName(circle, 12), undefined);
  const pair = Buffer.from([...Buffer.alloc(12), 0xc0, 14, 0xc0, 12]);
  assert.equal(readName(pair, 14), undefined);
  const asked = Buffer.from(question(["ab"], types.A));
  asked[12] = 0xc0;
  asked[13] = 12;
  assert.equal(rcodeOf(asked), rcodes.malformed);
});

test("a name longer than 255 octets is malformed, also in pieces", () => {
  const long = new Array<string>(5).fill("x".repeat(60));
  assert.equal(rcodeOf(question(long, types.A)), rcodes.malformed);
  assert.equal(rcodeOf(question(long.slice(0, 4), types.A)), undefined);
});

test("two questions, none, two OPT records and octets behind the end are malformed", () => {
  const asked = question(["a", "consul"], types.A, 512);
  for (const [at, value] of [
    [5, 2],
    [5, 0],
    [11, 2],
    [11, 0],
  ] as const) {
    const octets = Buffer.from(asked);
    octets[at] = value;
    assert.equal(rcodeOf(octets), rcodes.malformed, `${at} ${value}`);
  }
  const opt = asked.subarray(asked.length - 11);
  const twice = Buffer.concat([asked, opt]);
  twice[11] = 2;
  assert.equal(rcodeOf(twice), rcodes.malformed);
});

test("another opcode is not implemented; an answer, and less than a header, get nothing", () => {
  const notify = Buffer.from(question(["a"], types.A));
  notify[2] = 0x20;
  assert.equal(rcodeOf(notify), rcodes.notImplemented);
  const answer = Buffer.from(question(["a"], types.A));
  answer[2] = 0x80;
  assert.equal(decodeQuery(answer), undefined);
  assert.equal(decodeQuery(Buffer.alloc(11)), undefined);
});
