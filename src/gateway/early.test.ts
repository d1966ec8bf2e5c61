/** What is answered before there is a request is answered like everything else. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test as nodeTest } from "node:test";
import { manualClock } from "../kernel/index.ts";
import {
  ask,
  type Bench,
  bench,
  exchangeBytes,
  parseReply,
  test,
  transportUnderTest,
  until,
} from "./fixture.test.ts";

interface Expected {
  readonly status: number;
  readonly code: string;
  readonly word: string;
  readonly method?: string;
}

/** The answer with its trace id, the span, the line and the count belong together. */
function assertTold(front: Bench, text: string, { status, code, word, method = "_OTHER" }: Expected): void {
  const reply = parseReply(text);
  const document = JSON.parse(reply.body);
  assert.deepEqual([reply.status, document.status, reply.code], [status, status, code]);
  assert.equal(reply.header("proxy-status"), `tusker; error=${word}`);
  const span = front.spans.find(({ traceId }) => traceId === document.trace_id);
  assert.equal(span?.attributes["http.response.status_code"], status);
  const lines = front.logs
    .map((line) => JSON.parse(line))
    .filter((line) => line.trace_id === document.trace_id);
  assert.deepEqual(
    lines.map((line) => [line.message, line.status, line.code, line.client, line.route]),
    [["access", status, code, "127.0.0.1", undefined]],
  );
  const series = `tusker_gateway_requests_total{route="",method="${method}",status="${status}"}`;
  assert.ok(front.metric(series) >= 1, series);
}

const answerOnly = { "/": { answer: { body: "here" } } };

test("what is no request is refused with a trace id, a line and a count", async () => {
  await using front = await bench({ gateway: { access_log: 1 }, routes: answerOnly });
  const bad = { code: "NET_MALFORMED", word: "http_request_error" };
  const said = (text: string): Promise<string> => exchangeBytes(front.port, text);
  assertTold(front, await said("nonsense\r\n\r\n"), { status: 400, ...bad });
  const large = `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(40_000)}\r\n\r\n`;
  // Node does not say whose head it was that was too large.
  const method = transportUnderTest() === "engine" ? "GET" : "_OTHER";
  assertTold(front, await said(large), { status: 431, method, ...bad });
  const connected = await said("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n");
  assertTold(front, connected, { status: 501, method: "CONNECT", ...bad });
  if (transportUnderTest() === "engine")
    assertTold(front, await said("GET / HTTP/2.5\r\nHost: a\r\n\r\n"), { status: 505, ...bad });
  assert.equal((await ask(front.port, "/")).status, 200);
});

test("a connection too many is refused with a trace id, a line and a count", async () => {
  await using front = await bench({ gateway: { access_log: 1, max_connections: 1 }, routes: answerOnly });
  const first = connect(front.port, "127.0.0.1");
  await once(first, "connect");
  await until(() => front.gateway.stats().connections === 1);
  const second = await exchangeBytes(front.port, "");
  assertTold(front, second, { status: 503, code: "NET_OVERLOADED", word: "connection_limit_reached" });
  assert.equal(parseReply(second).header("retry-after"), "1");
  first.destroy();
});

nodeTest("a head that does not come is refused with a trace id, a line and a count", async () => {
  const clock = manualClock();
  const gateway = { transport: "engine", access_log: 1 };
  await using front = await bench({ gateway, routes: answerOnly, clock });
  const socket = connect(front.port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHos");
  await until(() => front.gateway.stats().connections === 1);
  let text = "";
  socket.on("data", (bytes) => {
    text += String(bytes);
  });
  const closed = once(socket, "close");
  await until(() => {
    clock.advance(500);
    return text !== "";
  });
  clock.advance(60_000);
  await closed;
  assertTold(front, text, { status: 408, code: "NET_TIMEOUT", word: "http_request_error", method: "GET" });
});

nodeTest("nothing is logged of early answers where nothing else is", async () => {
  await using front = await bench({ gateway: { transport: "engine" }, routes: answerOnly });
  const reply = parseReply(await exchangeBytes(front.port, "nonsense\r\n\r\n"));
  assert.match(String(JSON.parse(reply.body).trace_id), /^[0-9a-f]{32}$/);
  assert.deepEqual(front.logs, []);
});
