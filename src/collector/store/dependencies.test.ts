import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../../kernel/index.ts";
import { nothingDropped, type SpanData, type SpanKind } from "../../telemetry/index.ts";
import { DependencyCounts } from "./dependencies.ts";
import { spanStore } from "./store.ts";

type Row = readonly [
  id: number,
  parent: number | undefined,
  service: string,
  kind: SpanKind,
  failed?: "failed" | undefined,
  attributes?: SpanData["attributes"],
];

function span([id, parent, service, kind, failed, attributes = {}]: Row): SpanData {
  const hex = (n: number) => n.toString(16).padStart(16, "0");
  return {
    resource: { service, attributes: {} },
    traceId: "a".repeat(32),
    spanId: hex(id),
    parentSpanId: parent === undefined ? undefined : hex(parent),
    traceState: undefined,
    flags: 1,
    name: "op",
    kind,
    startUs: id,
    durationUs: 1,
    attributes,
    events: [],
    links: [],
    status: failed === undefined ? { code: "unset" } : { code: "error", message: "" },
    dropped: nothingDropped,
  };
}

/** Edges as "a→b 2", "!1" behind those with errors. */
function edges(...rows: Row[]): string[] {
  const store = spanStore({ clock: manualClock() });
  store.add(rows.map(span));
  return store
    .dependencies()
    .map(
      ({ caller, callee, calls, errors }) =>
        `${caller}→${callee} ${calls}${errors === 0 ? "" : ` !${errors}`}`,
    );
}

// The cases are those of openzipkin/zipkin's DependencyLinkerTest that do not guess at uninstrumented peers.
const notFound = { "http.response.status_code": 404 };

const cases: [claim: string, rows: Row[], expected: string[]][] = [
  ["no spans", [], []],
  ["a lone root", [[1, undefined, "a", "server"]], []],
  ["a client whose server is missing", [[1, undefined, "a", "client"]], []],
  ["a server whose client is missing", [[2, 1, "b", "server"]], []],
  [
    "a call",
    [
      [1, undefined, "a", "client"],
      [2, 1, "b", "server"],
    ],
    ["a→b 1"],
  ],
  [
    "a chain with local steps between",
    [
      [1, undefined, "a", "server"],
      [2, 1, "a", "internal"],
      [3, 2, "a", "client"],
      [4, 3, "b", "server"],
      [5, 4, "b", "internal"],
      [6, 5, "b", "client"],
      [7, 6, "c", "server"],
    ],
    ["a→b 1", "b→c 1"],
  ],
  [
    "two calls to the same service",
    [
      [1, undefined, "a", "server"],
      [2, 1, "a", "client"],
      [3, 2, "b", "server"],
      [4, 1, "a", "client"],
      [5, 4, "b", "server"],
    ],
    ["a→b 2"],
  ],
  [
    "a call back",
    [
      [1, undefined, "a", "client"],
      [2, 1, "b", "server"],
      [3, 2, "b", "client"],
      [4, 3, "a", "server"],
    ],
    ["a→b 1", "b→a 1"],
  ],
  [
    "a service that calls itself",
    [
      [1, undefined, "a", "client"],
      [2, 1, "a", "server"],
    ],
    [],
  ],
  [
    "a server directly below a server, its client uninstrumented",
    [
      [1, undefined, "a", "server"],
      [2, 1, "b", "server"],
    ],
    ["a→b 1"],
  ],
  [
    "a message",
    [
      [1, undefined, "a", "producer"],
      [2, 1, "b", "consumer"],
      [3, 1, "c", "consumer"],
    ],
    ["a→b 1", "a→c 1"],
  ],
  [
    "a call that failed at the server",
    [
      [1, undefined, "a", "client"],
      [2, 1, "b", "server", "failed"],
    ],
    ["a→b 1 !1"],
  ],
  [
    "a call that failed only for the caller, a timeout",
    [
      [1, undefined, "a", "client", "failed"],
      [2, 1, "b", "server"],
    ],
    ["a→b 1 !1"],
  ],
  [
    "a call that was refused, which only the client's span calls an error",
    [
      [1, undefined, "a", "client", "failed", notFound],
      [2, 1, "b", "server", undefined, notFound],
    ],
    ["a→b 1"],
  ],
  [
    "a call that gave up while the server was at work",
    [
      [1, undefined, "a", "client", "failed"],
      [2, 1, "b", "server", undefined, { "http.response.status_code": 499 }],
      [3, undefined, "a", "client", "failed"],
      [4, 3, "c", "server", undefined, { "rpc.grpc.status_code": 1 }],
    ],
    ["a→b 1 !1", "a→c 1 !1"],
  ],
  [
    "an error deeper down that its caller handled",
    [
      [1, undefined, "a", "client"],
      [2, 1, "b", "server"],
      [3, 2, "b", "client", "failed"],
      [4, 3, "c", "server", "failed"],
    ],
    ["a→b 1", "b→c 1 !1"],
  ],
];

for (const [claim, rows, expected] of cases) {
  test(`edges: ${claim}`, () => {
    assert.deepEqual(edges(...rows), expected);
    assert.deepEqual(edges(...rows.toReversed()), expected);
  });
}

test("any order and any division into batches gives the same edges", () => {
  const rows = cases.flatMap(([, list], i) =>
    list.map(
      ([id, parent, ...rest]): Row => [
        id + i * 100,
        parent === undefined ? undefined : parent + i * 100,
        ...rest,
      ],
    ),
  );
  const expected = edges(...rows);
  fc.assert(
    fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
      assert.deepEqual(edges(...shuffled), expected);
    }),
  );
});

test("what is added and taken away again leaves nothing", () => {
  const edge = fc.tuple(fc.constantFrom("a", "b", "c"), fc.constantFrom("a", "b", "c"), fc.nat({ max: 3 }));
  const counts = (list: readonly (readonly [string, string, number])[]) => {
    const made = new DependencyCounts();
    for (const [caller, callee, errors] of list) made.add(caller, callee, 3, errors);
    return made;
  };
  fc.assert(
    fc.property(fc.array(edge), fc.array(edge), (base, more) => {
      const sum = counts(base);
      sum.addAll(counts(more));
      sum.subtractAll(counts(more));
      assert.deepEqual(sum.list(), counts(base).list());
    }),
  );
});
