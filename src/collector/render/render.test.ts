import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nothingDropped, type SpanData } from "../../telemetry/index.ts";
import type { TraceSummary } from "../store/store.ts";
import { buildTrace } from "../store/trace.ts";
import { durationText } from "./ink.ts";
import { renderTraceList } from "./trace-list.ts";
import { renderWaterfall } from "./waterfall.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const id = (n: number) => n.toString(16).padStart(16, "0");
const start = Date.UTC(2026, 0, 1, 12, 0, 0) * 1000;

function span(
  n: number,
  parent: number | undefined,
  over: Partial<SpanData> & { service?: string } = {},
): SpanData {
  const { service = "gateway", ...rest } = over;
  return {
    resource: { service, attributes: {} },
    traceId,
    spanId: id(n),
    parentSpanId: parent === undefined ? undefined : id(parent),
    traceState: undefined,
    flags: 1,
    name: `op ${n}`,
    kind: "internal",
    startUs: start,
    durationUs: 1000,
    attributes: {},
    events: [],
    links: [],
    status: { code: "unset" },
    dropped: nothingDropped,
    ...rest,
  };
}

const shop = buildTrace(
  traceId,
  [
    span(1, undefined, { name: "POST /api/orders", kind: "server", durationUs: 20_000 }),
    span(2, 1, { name: "POST order-service", kind: "client", startUs: start + 1000, durationUs: 18_000 }),
    span(3, 2, {
      service: "order-service",
      name: "POST /orders",
      kind: "server",
      startUs: start + 2000,
      durationUs: 16_000,
    }),
    span(4, 3, {
      service: "user-service",
      name: "getUser",
      kind: "server",
      startUs: start + 3000,
      durationUs: 500,
    }),
    span(5, 3, {
      service: "payment-service",
      name: "POST /payments",
      kind: "server",
      startUs: start + 8000,
      durationUs: 9000,
      status: { code: "error", message: "card declined" },
    }),
    span(6, 99, {
      service: "mail-service",
      name: "send",
      kind: "consumer",
      startUs: start + 19_000,
      durationUs: 0,
    }),
  ],
  true,
);

const plain = (width: number) => renderWaterfall(shop, { width, color: false });
// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what is taken out
const withoutColor = (text: string) => text.replaceAll(/\u001b\[\d+m/g, "");

test("a waterfall shows tree, service, name, kind, bar, duration and error", () => {
  assert.equal(
    plain(100),
    [
      "trace 0af7651916cd43dd8448eb211c80319c  6 spans, 5 services, 1 error, 20.0ms, 2026-01-01T12:00:00Z",
      "gateway POST /api/orders                server   ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  20.0ms",
      "└─ gateway POST order-service           client     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━    18.0ms",
      "   └─ order-service POST /orders        server       ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━      16.0ms",
      "      ├─ user-service getUser           server         ━━                                      500µs",
      "      └─ payment-service POST /payments server                    ━━━━━━━━━━━━━━━━━━━━        9.00ms",
      "            ✗ card declined",
      "⋯ mail-service send                     consumer                                         ━       0µs",
      "",
    ].join("\n"),
  );
});

test("no line is longer than the terminal, at any width", () => {
  for (const width of [60, 80, 100, 200])
    for (const line of plain(width).split("\n")) assert.ok([...line].length <= width, `${width}: ${line}`);
});

test("colour changes nothing but colour", () => {
  const colored = renderWaterfall(shop, { width: 100, color: true });
  assert.notEqual(colored, plain(100));
  assert.equal(withoutColor(colored), plain(100));
});

test("trunks go on while siblings follow", () => {
  const trace = buildTrace(
    traceId,
    [span(1, undefined), span(2, 1), span(3, 2), span(4, 1), span(5, 4)],
    false,
  );
  const labels = renderWaterfall(trace, { width: 80, color: false }).split("\n").slice(1, 6);
  assert.deepEqual(
    labels.map((line) => line.slice(0, line.indexOf("op") + 4)),
    ["gateway op 1", "├─ gateway op 2", "│  └─ gateway op 3", "└─ gateway op 4", "   └─ gateway op 5"],
  );
});

test("an error without words is still marked", () => {
  const trace = buildTrace(traceId, [span(1, undefined, { status: { code: "error", message: "" } })], false);
  assert.match(renderWaterfall(trace, { width: 80, color: false }), /✗ failed/);
});

/** Labels of a chain of spans, in a terminal this wide. */
function labelsOf(width: number, ...spans: SpanData[]): string[] {
  const trace = buildTrace(traceId, spans, false);
  return renderWaterfall(trace, { width, color: false })
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) =>
      line
        .slice(0, Math.floor(width / 2))
        .replace(/ +(server|client|internal).*/, "")
        .trimEnd(),
    );
}

test("a client span says whom it called, unless its name does", () => {
  const over = { kind: "client", name: "GET" } as const;
  const peer = { "peer.service": "user-service", "server.address": "127.0.0.1" };
  assert.deepEqual(
    labelsOf(
      120,
      span(1, undefined, { ...over, attributes: peer }),
      span(2, 1, { ...over, attributes: { "server.address": "api.example" } }),
      span(3, 2, { ...over, name: "GET user-service", attributes: peer }),
      span(4, 3, { ...over, kind: "server", attributes: peer }),
    ),
    [
      "gateway GET → user-service",
      "└─ gateway GET → api.example",
      "   └─ gateway GET user-service",
      "      └─ gateway GET",
    ],
  );
});

test("where a label is too long the method stays: package, peer and middle go first", () => {
  const call = {
    service: "order-service",
    kind: "client",
    name: "user_service.UserService/GetUser",
    attributes: { "peer.service": "user-service" },
  } as const;
  const at = (width: number) => labelsOf(width, span(1, undefined, call))[0];
  assert.equal(at(140), "order-service user_service.UserService/GetUser → user-service");
  assert.equal(at(100), "order-service UserService/GetUser → user-service");
  assert.equal(at(80), "order-service UserService/GetUser");
  assert.equal(at(60), "order-service UserSe…e/GetUser");
});

test("a long path is cut in its middle", () => {
  const [label] = labelsOf(60, span(1, undefined, { name: "GET /api/v1/customers/{id}/orders/{order}" }));
  assert.equal(label, "gateway GET /api…rders/{order}");
});

test("a call that the server refused is not marked as an error", () => {
  const http = { "http.response.status_code": 404 };
  const trace = buildTrace(
    traceId,
    [
      span(1, undefined, { kind: "client", attributes: http, status: { code: "error", message: "" } }),
      span(2, 1, { kind: "server", attributes: http }),
    ],
    false,
  );
  assert.doesNotMatch(renderWaterfall(trace, { width: 80, color: false }), /✗|error/);
});

test("text of a span cannot steer the terminal or break a line", () => {
  const evil = "a\u001b[2Jb\r\nc\u009bd\u202ee";
  const trace = buildTrace(
    traceId,
    [span(1, undefined, { name: evil, service: evil, status: { code: "error", message: evil } })],
    false,
  );
  const text = renderWaterfall(trace, { width: 100, color: false });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  assert.equal(text.split("\n").length, 4);
});

test("any trace at any width renders one line per span and one more per error", () => {
  const any = fc.array(
    fc.record({
      parent: fc.option(fc.nat({ max: 12 }), { nil: undefined }),
      startUs: fc.nat({ max: 1_000_000 }),
      durationUs: fc.nat({ max: 100_000_000 }),
      name: fc.string({ maxLength: 80 }),
      failed: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(any, fc.integer({ min: 1, max: 200 }), (list, width) => {
      const spans = list.map(({ parent, failed, ...over }, i) =>
        span(i + 1, parent, {
          ...over,
          ...(failed ? { status: { code: "error", message: over.name } } : {}),
        }),
      );
      const lines = renderWaterfall(buildTrace(traceId, spans, false), { width, color: false })
        .trimEnd()
        .split("\n");
      assert.equal(lines.length, 1 + list.length + list.filter((each) => each.failed).length);
      for (const line of lines) assert.ok([...line].length <= Math.max(60, width));
    }),
  );
});

const summary: TraceSummary = {
  traceId,
  name: "POST /api/orders",
  service: "gateway",
  startUs: start,
  durationUs: 20_500,
  spanCount: 6,
  errorCount: 1,
  services: [],
  complete: false,
};

test("a list has one line per trace with its whole id", () => {
  const text = renderTraceList([summary, { ...summary, errorCount: 0 }], { width: 100, color: false });
  assert.deepEqual(text.split("\n"), [
    "time         trace                               took spans  root",
    "12:00:00.000 0af7651916cd43dd8448eb211c80319c  20.5ms     6  gateway POST /api/orders  ✗ 1",
    "12:00:00.000 0af7651916cd43dd8448eb211c80319c  20.5ms     6  gateway POST /api/orders",
    "",
  ]);
  assert.equal(
    withoutColor(renderTraceList([summary], { width: 100, color: true })),
    renderTraceList([summary], { width: 100, color: false }),
  );
});

test("a narrow list cuts the root, not the id", () => {
  const [, line = ""] = renderTraceList([summary], { width: 80, color: false }).split("\n");
  assert.ok(line.includes(traceId) && line.includes("…") && line.endsWith("✗ 1"));
});

test("no traces is said in words", () => {
  assert.equal(renderTraceList([], { width: 80, color: false }), "no traces yet\n");
});

test("durations have three digits and the unit that fits", () => {
  const cases = [0, 999, 1000, 42_123, 980_000, 1_250_000, 59_900_000, 90_000_000];
  assert.deepEqual(cases.map(durationText), [
    "0µs",
    "999µs",
    "1.00ms",
    "42.1ms",
    "980ms",
    "1.25s",
    "59.9s",
    "1.50m",
  ]);
});
