import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FieldBlock } from "../../net/index.ts";
import { propagationFields } from "../../telemetry/index.ts";
import { answerHead } from "./answer.ts";
import { readHead } from "./incoming.ts";
import { plainAnswer, plainRequest } from "./plain.ts";
import { requestHead, rewritten } from "./request.ts";

const arrival = { peer: "192.0.2.7", host: "shop.test", prefix: "/api", via: "1.1 tusker-1" };

/** Names that mean something to a proxy, spelled in several ways, and names that mean nothing. */
const name = fc
  .constantFrom(
    ...[
      "accept",
      "x-thing",
      "cookie",
      "authorization",
      "host",
      "connection",
      "keep-alive",
      "proxy-connection",
    ],
    ...["te", "trailer", "transfer-encoding", "upgrade", "http2-settings", "expect", "via", "forwarded"],
    ...[
      "x-forwarded-for",
      "x-forwarded-port",
      "x-real-ip",
      "content-length",
      "content-type",
      "idempotency-key",
    ],
    ...["x-request-deadline", "x-tusker-attempt", "grpc-timeout", "x_y", ...propagationFields, ...rewritten],
  )
  .chain((lower) =>
    fc.constantFrom(
      lower,
      lower.toUpperCase(),
      lower.replace(/^./, (c) => c.toUpperCase()),
    ),
  );
const value = fc.constantFrom(
  "",
  "a",
  "close",
  "keep-alive",
  "Keep-Alive",
  "close, x-thing",
  "x-thing",
  "trailers",
  "5",
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 12 }).map((pairs) => pairs.flat());

test("a plain request head is what the whole rule book makes of it", () => {
  let plain = 0;
  fc.assert(
    fc.property(fields, (list) => {
      const own = list.filter((_, i) => list[i - (i % 2)]?.toLowerCase() !== "host");
      const received = ["Host", arrival.host, ...own];
      const short = plainRequest(received, arrival);
      if (short === undefined) return;
      plain++;
      const read = readHead(received, "1.1");
      assert.ok(read.ok, "what is refused is not plain");
      const { peer, host, prefix, via } = arrival;
      assert.deepEqual(
        short.block,
        FieldBlock.from(
          requestHead(read.head, { peer, host, prefix, proto: "http", trusted: false }, via, false),
        ),
      );
      assert.equal(
        short.traced,
        own.some((text, i) => i % 2 === 0 && propagationFields.includes(text.toLowerCase())),
      );
    }),
    { numRuns: 2000 },
  );
  assert.ok(plain > 100, `only ${plain} heads were plain`);
});

test("a plain answer head is what the whole rule book makes of it, but for the length the engine counts", () => {
  fc.assert(
    fc.property(fields, (list) => {
      const short = plainAnswer(list);
      if (short === undefined) return;
      const long = answerHead(list, 200, []);
      const counted = long.filter((_, i) => long[i - (i % 2)]?.toLowerCase() !== "content-length");
      assert.deepEqual(short, FieldBlock.from(counted));
    }),
    { numRuns: 2000 },
  );
});

test("spellings beyond those that are remembered are judged all the same", () => {
  for (let n = 0; n < 3000; n++) {
    const head = plainRequest(["Host", "a", `X-Made-Up-${n}`, "1"], arrival);
    assert.match(head?.block.text ?? "", new RegExp(`^Host: shop\\.test\r\nX-Made-Up-${n}: 1\r\n`));
  }
  assert.equal(
    plainRequest(["Host", "a", "kEEP-aLIVE", "1"], arrival)?.block.text.includes("kEEP-aLIVE"),
    false,
  );
});
