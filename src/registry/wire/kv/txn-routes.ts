import { messageOf, TuskerError } from "../../../kernel/index.ts";
import type { Access } from "../../acl/access.ts";
import { KvDraft } from "../../kv/draft.ts";
import { type KvStep, runTransaction, type TransactionOutcome, writes } from "../../kv/transaction.ts";
import { anything, decodeBody, fields, list, text, whole } from "../decode.ts";
import { refuseForeign } from "../parameters.ts";
import { refusal } from "../refusal.ts";
import { json, type Reply, type Route, type Wire, type WireRequest } from "../route.ts";
import { kvJson } from "../rows.ts";
import { refuseInvalid, tooLarge } from "./values.ts";

interface KvBody {
  Verb: string;
  Key: string;
  Value: string;
  Flags: number;
  Index: number;
  Session: string;
  Namespace: string;
}

interface StepBody {
  KV: Partial<KvBody>;
  Node: unknown;
  Service: unknown;
  Check: unknown;
}

const readSteps = list(
  fields<StepBody>({
    KV: fields<KvBody>({
      Verb: text,
      Key: text,
      Value: text,
      Flags: whole,
      Index: whole,
      Session: text,
      Namespace: text,
    }),
    Node: anything,
    Service: anything,
    Check: anything,
  }),
);

const maxSteps = 64;

/** `/v1/txn`: several operations on keys, all or none of them. */
export function txnRoutes(wire: Wire): readonly Route[] {
  return [{ verb: "PUT", path: "/v1/txn", guard: "inside", run: (request) => transact(wire, request) }];
}

async function transact(wire: Wire, request: WireRequest): Promise<Reply> {
  refuseForeign(request.query.get("dc"), wire.identity.datacenter);
  const steps = await stepsOf(request);
  const { store, sessions } = wire;
  const denied = deniedSteps(request.access, steps);
  if (denied.length > 0) return replyOf({ kind: "refused", errors: denied }, true);
  // From here on without a pause: what is read is what is true when it is written.
  const draft = new KvDraft(store.tables.kv, store.log.last + 1);
  const outcome = runTransaction(draft, steps, sessions);
  if (outcome.kind === "done") refuseInvalid(draft);
  await store.commit(outcome.kind === "done" ? draft.changes() : []);
  return replyOf(outcome, writes(steps));
}

/** Steps on keys the one who asks may not touch; nothing is said of those keys, not even whether they are there. */
function deniedSteps(access: Access, steps: readonly KvStep[]): { step: number; why: string }[] {
  return steps.flatMap((asked, step) => {
    const wanted = writes([asked]) ? "write" : "read";
    const tree = asked.verb === "delete-tree" || asked.verb === "get-tree";
    const allowed = tree ? access.canAll("key", asked.key, wanted) : access.can("key", asked.key, wanted);
    return allowed ? [] : [{ step, why: "Permission denied" }];
  });
}

function replyOf(outcome: TransactionOutcome, wrote: boolean): Reply {
  // One that only reads is answered like a read.
  const read = { Index: 0, LastContact: 0, KnownLeader: true, ConsistencyLevel: "" };
  const more = wrote ? {} : read;
  if (outcome.kind === "refused") {
    const Errors = outcome.errors.map(({ step, why }) => ({ OpIndex: step, What: why }));
    return { ...json({ Results: null, Errors, ...more }), status: 409 };
  }
  return json({ Results: outcome.rows.map((row) => ({ KV: kvJson(row) })), Errors: null, ...more });
}

/** @throws TuskerError REGISTRY_INVALID */
async function stepsOf(request: WireRequest): Promise<KvStep[]> {
  const bodies = await read(request);
  if (bodies.length > maxSteps) {
    throw refusal(413, `Transaction contains too many operations (${bodies.length} > ${maxSteps})`);
  }
  return bodies.flatMap((body) => {
    for (const kind of ["Node", "Service", "Check"] as const) {
      if (body[kind] === undefined) continue;
      throw refusal(400, `Failed to parse body: "${kind}" is not supported in transactions here, only "KV"`);
    }
    if (body.KV === undefined) return [];
    const { Verb = "", Key = "", Value = "", Flags = 0, Index = 0, Session = "" } = body.KV;
    return [
      { verb: Verb, key: Key, value: base64(Value), flags: String(Flags), index: Index, session: Session },
    ];
  });
}

async function read(request: WireRequest): Promise<Partial<StepBody>[]> {
  try {
    return decodeBody(await request.body(), readSteps);
  } catch (error) {
    if (!(error instanceof TuskerError) || error.code !== "REGISTRY_INVALID") throw tooLarge(request, error);
    throw refusal(400, messageOf(error).replace("Request decode failed:", "Failed to parse body:"), error);
  }
}

/** As written, if it is base64 (RFC 4648 §4) to the last bit; else it would come back as something else. */
function base64(written: string): string {
  if (Buffer.from(written, "base64").toString("base64") === written) return written;
  throw refusal(400, "Failed to parse body: illegal base64 data in Value");
}
