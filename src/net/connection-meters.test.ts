import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { connectionMeters, serveHttp1, serveHttp2 } from "./index.ts";

async function say(port: number, text: string): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  socket.write(text);
  await once(socket, "close");
}

const longTarget = `GET /${"x".repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`;
const smuggling = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";

for (const [name, serve] of [
  ["serveHttp1", serveHttp1],
  ["serveHttp2 with HTTP/1.1 beside it, engine", serveHttp2],
  ["serveHttp2 with HTTP/1.1 beside it, node", serveHttp2],
] as const)
  test(`${name}: limits and broken clauses are counted by their names`, async () => {
    const meters = connectionMeters("shop");
    const engine = name.endsWith("node") ? "node" : "tusker";
    await using server = await serve((x) => x.respond({ status: 200 }), {
      ...{ port: 0, http1: true, engine },
      ...meters.hooks,
    });
    for (const text of [longTarget, longTarget, smuggling]) await say(server.port, text);
    assert.deepEqual([...meters.limits], [["target_bytes", 2]]);
    assert.deepEqual(
      [...meters.malformed],
      [
        ["targetTooLong", 2],
        ["lengthBesideCoding", 1],
      ],
    );
    assert.match(meters.render(), /^tusker_shop_connection_limits_total\{limit="target_bytes"\} 2$/m);
    assert.match(
      meters.render(),
      /^# TYPE tusker_shop_malformed_requests_total counter\n.*targetTooLong"\} 2$/m,
    );
  });

test("a server nobody troubled has no series, and a label cannot end its quotes", () => {
  const meters = connectionMeters("rpc", { service: 'a"b\\\n' });
  assert.equal(meters.render(), "");
  meters.hooks.onLimit("idle");
  assert.match(
    meters.render(),
    /^tusker_rpc_connection_limits_total\{service="a\\"b\\\\\\n",limit="idle"\} 1$/m,
  );
});
