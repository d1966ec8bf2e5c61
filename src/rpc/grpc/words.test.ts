import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import { TuskerError } from "../../kernel/index.ts";
import { headerOf } from "../../net/index.ts";
import { decodeErrorInfo, encodeErrorInfo } from "./details.ts";
import { failureFields } from "./failure.ts";
import { decodeMessage, encodeMessage, grpcStatusName, grpcStatusOf, statusOfTransport } from "./status.ts";

test("any message survives grpc-message, which stays printable ASCII", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const wire = encodeMessage(text);
      assert.match(wire, /^[\x20-\x7e]*$/);
      assert.equal(decodeMessage(wire), text);
    }),
  );
  assert.equal(encodeMessage("50 %\n"), "50 %25%0A");
  assert.equal(decodeMessage("100% %zz %C3%A9"), "100% %zz é");
});

test("HTTP and gRPC statuses say the same", () => {
  assert.deepEqual(
    [400, 401, 402, 403, 404, 409, 418, 429, 500, 503, 504, 599].map(grpcStatusOf),
    [3, 16, 9, 7, 5, 6, 9, 8, 13, 14, 4, 13],
  );
  assert.deepEqual(
    [400, 401, 403, 404, 429, 502, 503, 504, 302].map(statusOfTransport),
    [13, 16, 7, 12, 14, 14, 14, 14, 2],
  );
  assert.deepEqual(
    [grpcStatusName(0), grpcStatusName(14), grpcStatusName(99)],
    ["OK", "UNAVAILABLE", "status 99"],
  );
});

test("error details keep their types on the way", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.dictionary(fc.oneof(fc.string(), fc.constant("__proto__")), fc.jsonValue(), { maxKeys: 4 }),
      (reason, domain, details) => {
        const info = {
          status: 5,
          message: "né",
          reason,
          domain,
          details: JSON.parse(JSON.stringify(details)),
        };
        assert.deepEqual(JSON.stringify(decodeErrorInfo(encodeErrorInfo(info))), JSON.stringify(info));
      },
    ),
    { numRuns: 50 },
  );
});

test("metadata of another implementation is kept under any name", () => {
  const { root } = protobuf.parse(`syntax = "proto3";
    message Any { string type_url = 1; bytes value = 2; }
    message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
    message Entry { string key = 1; string value = 2; }
    message ErrorInfo { string reason = 1; string domain = 2; repeated Entry metadata = 3; }`);
  const names = ["__proto__", "constructor", "details", "zone"];
  const metadata = names.map((key) => ({ key, value: `of ${key}` }));
  const value = root.lookupType("ErrorInfo").encode({ reason: "R", domain: "d", metadata }).finish();
  const any = { typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value };
  const bytes = root
    .lookupType("Status")
    .encode({ code: 5, message: "m", details: [any] })
    .finish();
  const details = decodeErrorInfo(Buffer.from(bytes).toString("base64"))?.details ?? {};
  assert.deepEqual(
    Object.entries(details),
    names.map((name) => [name, `of ${name}`]),
  );
});

test("details that would burst a header are left out, the rest arrives", () => {
  const info = { status: 5, message: "m", reason: "R", domain: "d", details: { text: "x".repeat(5_000) } };
  assert.deepEqual(decodeErrorInfo(encodeErrorInfo(info)), { ...info, details: {} });
});

test("a failure fits the 8 KiB of a peer: details go first, then the end of the message", () => {
  const cases: [string, string, number, boolean][] = [
    ["short", "no", 3_000, true],
    ["long in all", "é".repeat(300), 4_000, false],
    ["three bytes a letter", "漢".repeat(900), 4_000, false],
    ["pairs", `a${"😀".repeat(900)}`, 10, true],
    ["endless", "a".repeat(20_000), 10, true],
  ];
  for (const [name, message, filler, kept] of cases) {
    const details = { text: "x".repeat(filler) };
    const headers = failureFields(new TuskerError("RPC_INVALID_INPUT", message, { details }));
    // RFC 9113 §6.5.2: a field counts with its name, its value and 32.
    const size = [":status200", ...headers].reduce((sum, text) => sum + text.length + 16, 16);
    assert.ok(size <= 8_192, `${name}: ${size} bytes`);
    const told = decodeMessage(headerOf(headers, "grpc-message") ?? "");
    assert.ok(message.startsWith(told) && told.length >= Math.min(message.length, 200), name);
    const info = decodeErrorInfo(headerOf(headers, "grpc-status-details-bin"));
    assert.deepEqual(info, {
      status: 3,
      message: told,
      reason: "RPC_INVALID_INPUT",
      domain: "tusker",
      details: kept ? details : {},
    });
  }
});

test("details that are no JSON cost the details, not the answer", () => {
  const headers = failureFields(new TuskerError("RPC_INVALID_INPUT", "no", { details: { n: 1n } }));
  const info = decodeErrorInfo(headerOf(headers, "grpc-status-details-bin"));
  assert.deepEqual([info?.reason, info?.details], ["RPC_INVALID_INPUT", {}]);
});

test("other implementations read the details as google.rpc.Status with ErrorInfo", () => {
  const { root } = protobuf.parse(`syntax = "proto3";
    message Any { string type_url = 1; bytes value = 2; }
    message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
    message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }`);
  const wire = encodeErrorInfo({
    status: 9,
    message: "no",
    reason: "CARD_DECLINED",
    domain: "pay",
    details: { a: 1 },
  });
  const status = root.lookupType("Status").decode(Buffer.from(wire, "base64")).toJSON();
  assert.deepEqual([status.code, status.message], [9, "no"]);
  const [any] = status.details;
  assert.equal(any.typeUrl, "type.googleapis.com/google.rpc.ErrorInfo");
  assert.deepEqual(root.lookupType("ErrorInfo").decode(Buffer.from(any.value, "base64")).toJSON(), {
    reason: "CARD_DECLINED",
    domain: "pay",
    metadata: { details: '{"a":1}' },
  });
});

test("details that are not readable are none", () => {
  for (const text of [undefined, "", "!!!", "AAAA", "CAUSA25v"])
    assert.equal(decodeErrorInfo(text), undefined);
  fc.assert(
    fc.property(fc.base64String(), (text) => {
      decodeErrorInfo(text);
    }),
  );
});
