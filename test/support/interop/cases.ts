import { strict as assert } from "node:assert";
import type { InteropCall, Packing, Said } from "./party.ts";
import { zeros } from "./service.ts";
import type { Flags } from "./tap.ts";

/** One case of the description: calls, and what must have been said to them. */
export interface Case {
  readonly name: string;
  readonly packing?: Packing;
  readonly calls: readonly InteropCall[];
  /** What every call must come to. */
  readonly check: (said: readonly Said[], flags: readonly Flags[]) => void;
}

const ok = (sizes: readonly number[]) => (said: readonly Said[]) =>
  assert.deepEqual(
    said.map(({ status, message, sizes }) => ({ status, message, sizes })),
    said.map(() => ({ status: 0, message: "", sizes })),
  );
const fails = (status: number, message?: string) => (said: readonly Said[]) => {
  for (const one of said) {
    assert.equal(one.status, status, one.message);
    if (message !== undefined) assert.equal(one.message, message);
  }
};
const payload = (size: number) => ({ payload: { body: zeros(size) } });
const asks = (...sizes: number[]) => ({ responseParameters: sizes.map((size) => ({ size })) });
const requestSizes = [27_182, 8, 1_828, 45_904];
const answerSizes = [31_415, 9, 2_653, 58_979];
const whitespace = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
const told = { responseStatus: { code: 2, message: "test status message" } };
const metadata = { initial: "test_initial_metadata_value", trailing: new Uint8Array([0xab, 0xab, 0xab]) };

export const cases: readonly Case[] = [
  { name: "empty_unary", calls: [{ method: "emptyCall", messages: [{}] }], check: ok([0]) },
  {
    name: "large_unary",
    calls: [{ method: "unaryCall", messages: [{ responseSize: 314_159, ...payload(271_828) }] }],
    check: ok([314_159]),
  },
  {
    name: "client_compressed_unary",
    packing: "packed",
    // The first call tells a careful client that it may pack.
    calls: [
      { method: "unaryCall", messages: [{ responseSize: 8 }] },
      { method: "unaryCall", messages: [{ responseSize: 8, ...payload(271_828) }] },
      { method: "unaryCall", messages: [{ responseSize: 8 }] },
    ],
    check(said, flags) {
      ok([8])(said);
      assert.deepEqual(
        flags.map(({ requests }) => requests),
        [[0], [1], [0]],
      );
    },
  },
  {
    name: "server_compressed_unary",
    packing: "packed",
    calls: [
      { method: "unaryCall", messages: [{ responseSize: 314_159 }] },
      { method: "unaryCall", messages: [{ responseSize: 8 }] },
    ],
    check(said, flags) {
      assert.deepEqual(
        said.map(({ sizes }) => sizes),
        [[314_159], [8]],
      );
      assert.deepEqual(
        flags.map(({ answers }) => answers),
        [[1], [0]],
      );
    },
  },
  {
    name: "client_streaming",
    calls: [{ method: "streamingInputCall", messages: requestSizes.map(payload) }],
    check: ok([74_922]),
  },
  {
    name: "client_compressed_streaming",
    packing: "packed",
    calls: [
      { method: "unaryCall", messages: [{ responseSize: 8 }] },
      { method: "streamingInputCall", messages: [payload(27_182), payload(8)] },
    ],
    check(said, flags) {
      assert.deepEqual(
        said.map(({ sizes }) => sizes),
        [[8], [27_190]],
      );
      assert.deepEqual(flags[1]?.requests, [1, 0]);
    },
  },
  {
    name: "server_streaming",
    calls: [{ method: "streamingOutputCall", messages: [asks(...answerSizes)] }],
    check: ok(answerSizes),
  },
  {
    name: "server_compressed_streaming",
    packing: "packed",
    calls: [{ method: "streamingOutputCall", messages: [asks(31_415, 8)] }],
    check(said, flags) {
      ok([31_415, 8])(said);
      assert.deepEqual(flags[0]?.answers, [1, 0]);
    },
  },
  {
    name: "ping_pong",
    calls: [
      {
        method: "fullDuplexCall",
        turns: true,
        messages: requestSizes.map((size, i) => ({ ...asks(answerSizes[i] ?? 0), ...payload(size) })),
      },
    ],
    check: ok(answerSizes),
  },
  {
    // Not in the description: 4 MB each way at once, beyond the windows of every implementation.
    name: "large_both_ways",
    calls: [
      {
        method: "fullDuplexCall",
        messages: Array.from({ length: 8 }, () => ({ ...asks(500_000), ...payload(500_000) })),
      },
    ],
    check: ok(Array.from({ length: 8 }, () => 500_000)),
  },
  { name: "empty_stream", calls: [{ method: "fullDuplexCall", messages: [] }], check: ok([]) },
  {
    name: "custom_metadata",
    calls: [
      { method: "unaryCall", messages: [{ responseSize: 314_159, ...payload(271_828) }], ...metadata },
      { method: "fullDuplexCall", messages: [{ ...asks(314_159), ...payload(271_828) }], ...metadata },
    ],
    check(said) {
      ok([314_159])(said);
      for (const { initial, trailing } of said) {
        assert.equal(initial, metadata.initial);
        assert.deepEqual(trailing, metadata.trailing);
      }
    },
  },
  {
    name: "status_code_and_message",
    calls: [
      { method: "unaryCall", messages: [told] },
      { method: "fullDuplexCall", messages: [{ ...asks(), ...told }] },
    ],
    check: fails(2, told.responseStatus.message),
  },
  {
    name: "special_status_message",
    calls: [{ method: "unaryCall", messages: [{ responseStatus: { code: 2, message: whitespace } }] }],
    check: fails(2, whitespace),
  },
  {
    name: "unimplemented_method",
    calls: [{ method: "unimplementedCall", messages: [{}] }],
    check: fails(12),
  },
  {
    name: "unimplemented_service",
    calls: [{ nowhere: true, method: "unimplementedCall", messages: [{}] }],
    check: fails(12),
  },
  {
    name: "cancel_after_begin",
    calls: [{ method: "streamingInputCall", messages: [], cancel: "after begin" }],
    check: fails(1),
  },
  {
    name: "cancel_after_first_response",
    calls: [
      {
        method: "fullDuplexCall",
        messages: [{ ...asks(31_415), ...payload(27_182) }],
        cancel: "after first answer",
      },
    ],
    check(said) {
      fails(1)(said);
      assert.deepEqual(said[0]?.sizes, [31_415]);
    },
  },
  {
    name: "timeout_on_sleeping_server",
    calls: [
      {
        method: "fullDuplexCall",
        timeoutMs: 200,
        messages: [{ responseParameters: [{ size: 8, intervalMs: 5_000 }], ...payload(27_182) }],
      },
    ],
    check: fails(4),
  },
];
