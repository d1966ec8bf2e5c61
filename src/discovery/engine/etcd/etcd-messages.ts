/**
 * The v3 API of etcd (https://etcd.io/docs/v3.5/learning/api/): the methods that are used here, and of their messages
 * the fields that are, by the numbers they have on the wire.
 */
import { bool, bytes, type Codec, field, inside, int32, int64, list, message, text } from "./protobuf.ts";

/** A method with what it is asked and what it answers. */
export interface Method<In, Out> {
  /** Path of its calls. */
  readonly path: string;
  readonly request: Codec<In, unknown>;
  readonly reply: Codec<unknown, Out>;
}

const header = message({ revision: field(3, int64) });

const keyValue = message({
  key: field(1, bytes),
  modRevision: field(3, int64),
  value: field(5, bytes),
});

/** A key as it is kept. */
export type KeyValue = ReturnType<typeof keyValue.decode>;

const range = { key: field(1, bytes), rangeEnd: field(2, bytes) };
const rangeRequest = message(range);
const putRequest = message({ key: field(1, bytes), value: field(2, bytes), lease: field(3, int64) });

/** What a condition looks at, and how. */
export const compareTarget = { version: 0, create: 1, mod: 2 } as const;
const compare = message({
  result: field(1, int32),
  target: field(2, int32),
  key: field(3, bytes),
  version: field(4, int64),
  createRevision: field(5, int64),
  modRevision: field(6, int64),
});

const operation = message({
  put: field(2, inside(putRequest)),
  deleteRange: field(3, inside(message(range))),
});

/** A condition and a step of a transaction, as they are written. */
export type Compare = Parameters<typeof compare.encode>[0];
export type Operation = Parameters<typeof operation.encode>[0];

/** Filter of a watch that wants to hear of deletions alone. */
export const noPut = 0;
const watchCreate = message({
  ...range,
  startRevision: field(3, int64),
  filters: list(5, int32),
});

export const deleted = 1;
const event = message({ type: field(1, int32), kv: field(2, inside(keyValue)) });

/** One change of a key. */
export type Event = ReturnType<typeof event.decode>;

const headed = { header: field(1, inside(header)) };
const lease = message({ id: field(1, int64) });

/** The methods, by what they do. */
export const methods = {
  range: {
    path: "/etcdserverpb.KV/Range",
    request: rangeRequest,
    reply: message({ ...headed, kvs: list(2, inside(keyValue)) }),
  },
  put: { path: "/etcdserverpb.KV/Put", request: putRequest, reply: message(headed) },
  txn: {
    path: "/etcdserverpb.KV/Txn",
    request: message({ compare: list(1, inside(compare)), success: list(2, inside(operation)) }),
    reply: message({ ...headed, succeeded: field(2, bool) }),
  },
  watch: {
    path: "/etcdserverpb.Watch/Watch",
    request: message({ create: field(1, inside(watchCreate)) }),
    reply: message({
      ...headed,
      canceled: field(4, bool),
      compactRevision: field(5, int64),
      cancelReason: field(6, text),
      events: list(11, inside(event)),
    }),
  },
  leaseGrant: {
    path: "/etcdserverpb.Lease/LeaseGrant",
    request: message({ ttl: field(1, int64) }),
    reply: message({ id: field(2, int64), ttl: field(3, int64) }),
  },
  leaseRevoke: { path: "/etcdserverpb.Lease/LeaseRevoke", request: lease, reply: message({}) },
  leaseKeepAlive: {
    path: "/etcdserverpb.Lease/LeaseKeepAlive",
    request: lease,
    reply: message({ ttl: field(3, int64) }),
  },
  authenticate: {
    path: "/etcdserverpb.Auth/Authenticate",
    request: message({ name: field(1, text), password: field(2, text) }),
    reply: message({ token: field(2, text) }),
  },
} as const;
