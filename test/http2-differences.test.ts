/**
 * docs/reference/http2-differences.md: every rule of test/support/http2-rules.ts, asked of a server of node:http2 as
 * src/net/http2/rules.test.ts asks it of ours. Where the two differ is on the page, and nothing else is.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { errorName } from "../src/net/http2/words.ts";
import { serveHttp2 } from "../src/net/index.ts";
import { nghttp2 } from "./support/http2-model.ts";
import { hello, RawPeer, rawFrame } from "./support/http2-peer.ts";
import { connectionErrors, fine, type Said, streamErrors } from "./support/http2-rules.ts";

const page = readFileSync(new URL("../docs/reference/http2-differences.md", import.meta.url), "utf8");
const [RST, PING, GOAWAY] = [3, 6, 7];

/** What our engine does, as its own tests hold it, for every rule. */
const ours: readonly [string, string, Said][] = [
  ...connectionErrors.map(([what, code, said]): [string, string, Said] => [what, `GOAWAY ${code}`, said]),
  ...streamErrors.map(([what, code, said]): [string, string, Said] => [what, `RST_STREAM ${code}`, said]),
  ...fine.map(([what, said]): [string, string, Said] => [what, "goes on", said]),
];

/** What a server does about frames: how it ends the connection, or the stream, or that it goes on. */
async function outcome(port: number, said: Said): Promise<string> {
  await using peer = await RawPeer.to(port);
  peer.send(hello, ...said);
  // What it says in its own time is there when it has answered twice.
  for (const number of ["00000000000000fe", "00000000000000ff"]) {
    peer.send(rawFrame(PING, 0, 0, number));
    await peer.frame(
      ({ type, flags, payload }) => type === PING && flags === 1 && payload.toString("hex") === number,
    );
  }
  const goaway = peer.frames.find(({ type }) => type === GOAWAY);
  if (goaway !== undefined) return `GOAWAY ${errorName(goaway.payload.readUInt32BE(4))}`;
  if (peer.closed) return "closes";
  const reset = peer.frames.find(
    ({ type, id, payload }) => type === RST && id === 1 && payload.readUInt32BE(0) !== 0,
  );
  return reset === undefined ? "goes on" : `RST_STREAM ${errorName(reset.payload.readUInt32BE(0))}`;
}

test("where node:http2 differs from ours, rule by rule, is on the page with what it does", async () => {
  await using server = await serveHttp2(
    async (exchange) => {
      const body = await exchange.bytes(1_000_000).catch(() => new Uint8Array());
      await exchange.respond({ status: 200, body: `${body.byteLength}` });
    },
    { port: 0, engine: "node" },
  );
  const differences: string[] = [];
  for (const [what, expected, said] of ours) {
    const theirs = await outcome(server.port, said);
    if (theirs !== expected) differences.push([what, expected, theirs].join(" | "));
  }
  const told = rowsBelow("Rule by rule").map(([what, expected, theirs]) =>
    [what, expected, theirs].join(" | "),
  );
  assert.deepEqual(told.sort(), differences.sort());
});

test("every difference of the fuzzed sequences is on the page by its name", () => {
  assert.deepEqual(
    rowsBelow("Sequence by sequence")
      .map(([name]) => name)
      .sort(),
    Object.keys(nghttp2).sort(),
  );
});

/** The rows of the table below a heading, cell by cell, without marks. */
function rowsBelow(heading: string): string[][] {
  const from = page.indexOf(`## ${heading}\n`);
  assert.ok(from >= 0, heading);
  const end = page.indexOf("\n## ", from + 1);
  const part = page.slice(from, end < 0 ? undefined : end);
  return [...part.matchAll(/^\| (.*) \|$/gm)]
    .map(([, row = ""]) => row.replaceAll("`", "").split(" | "))
    .slice(1);
}
