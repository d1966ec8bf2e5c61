import { messageOf, TuskerError } from "../../../kernel/index.ts";
import type { KvStep } from "../../kv/transaction.ts";
import type { CatalogStep } from "../../txn/catalog-steps.ts";
import {
  type CatalogCheckBody,
  type CatalogServiceBody,
  checkFields,
  refuseNodeId,
  serviceFields,
  toCheck,
  toService,
} from "../catalog-body.ts";
import { anything, count, decodeBody, type Fields, fields, list, onlyOne, record, text } from "../decode.ts";
import { refusal } from "../refusal.ts";
import type { WireRequest } from "../route.ts";
import { tooLarge } from "./values.ts";

/** One step of a transaction: on keys, on the catalog, or one that cannot be taken. */
export type Step =
  | { readonly kind: "kv"; readonly kv: KvStep }
  | { readonly kind: "catalog"; readonly catalog: CatalogStep }
  | { readonly kind: "wrong"; readonly why: string };

interface KvBody {
  Verb: string;
  Key: string;
  Value: string;
  Flags: number;
  Index: number;
  Session: string;
  Namespace: string;
}

interface NodeBody {
  ID: string;
  Node: string;
  Address: string;
  Datacenter: string;
  TaggedAddresses: Record<string, string>;
  Meta: Record<string, string>;
}

/** What rows carry when they are sent back as they were read. */
interface Indexed {
  CreateIndex: number;
  ModifyIndex: number;
}

interface StepBody {
  KV: Partial<KvBody>;
  Node: Partial<{ Verb: string; Node: Partial<NodeBody & Indexed> }>;
  Service: Partial<{ Verb: string; Node: string; Service: Partial<CatalogServiceBody & Indexed & Foreign> }>;
  Check: Partial<{ Verb: string; Check: Partial<CatalogCheckBody & Indexed> }>;
}

/** Of meshes, which are not here; told with every instance, so it comes back. */
interface Foreign {
  Kind: string;
  Proxy: unknown;
  Connect: unknown;
}

const indexes: Fields<Indexed> = { CreateIndex: count, ModifyIndex: count };

const node = fields<NodeBody & Indexed>({
  ID: text,
  Node: text,
  Address: text,
  Datacenter: text,
  TaggedAddresses: record(text),
  Meta: record(text),
  ...indexes,
});
const service = fields<CatalogServiceBody & Indexed & Foreign>({
  ...serviceFields,
  Kind: text,
  Proxy: anything,
  Connect: anything,
  ...indexes,
});
const check = fields<CatalogCheckBody & Indexed>({ ...checkFields, ...indexes });

const readSteps = list(
  fields<StepBody>({
    KV: fields<KvBody>({
      Verb: text,
      Key: text,
      Value: text,
      Flags: count,
      Index: count,
      Session: text,
      Namespace: onlyOne,
    }),
    Node: fields<{ Verb: string; Node: Partial<NodeBody & Indexed> }>({ Verb: text, Node: node }),
    Service: fields({ Verb: text, Node: text, Service: service }),
    Check: fields({ Verb: text, Check: check }),
  }),
);

const maxSteps = 64;

/** The steps a body asks for; one that names several things is about the first of them. @throws TuskerError REGISTRY_INVALID */
export async function readTransaction(request: WireRequest): Promise<Step[]> {
  const bodies = await read(request);
  if (bodies.length > maxSteps) {
    throw refusal(413, `Transaction contains too many operations (${bodies.length} > ${maxSteps})`);
  }
  return bodies.flatMap((body) => stepOf(body) ?? []);
}

async function read(request: WireRequest): Promise<Partial<StepBody>[]> {
  try {
    return decodeBody(await request.body(), readSteps, "KVTxnOp");
  } catch (error) {
    if (!(error instanceof TuskerError) || error.code !== "REGISTRY_INVALID") throw tooLarge(request, error);
    throw refusal(400, messageOf(error).replace("Request decode failed:", "Failed to parse body:"), error);
  }
}

function stepOf({ KV, Node, Service, Check }: Partial<StepBody>): Step | undefined {
  if (KV !== undefined) return { kind: "kv", kv: kvStep(KV) };
  const made = (build: () => CatalogStep): Step => {
    try {
      return { kind: "catalog", catalog: build() };
    } catch (error) {
      if (error instanceof TuskerError && error.code === "REGISTRY_INVALID") {
        // The same words as in a registration, which a transaction does not begin with.
        return { kind: "wrong", why: error.message.replace(/^failed inserting service: (?=Invalid)/, "") };
      }
      throw error;
    }
  };
  if (Node !== undefined) return made(() => nodeStep(Node.Verb ?? "", Node.Node ?? {}));
  if (Service !== undefined) {
    return made(() => serviceStep(Service.Verb ?? "", Service.Node ?? "", Service.Service ?? {}));
  }
  if (Check !== undefined) return made(() => checkStep(Check.Verb ?? "", Check.Check ?? {}));
  return undefined;
}

function kvStep({
  Verb = "",
  Key = "",
  Value = "",
  Flags = 0,
  Index = 0,
  Session = "",
}: Partial<KvBody>): KvStep {
  return { verb: Verb, key: Key, value: base64(Value), flags: String(Flags), index: Index, session: Session };
}

function nodeStep(verb: string, body: Partial<NodeBody & Indexed>): CatalogStep {
  const { ID = "", Node = "", Address = "", TaggedAddresses, Meta, ModifyIndex = 0 } = body;
  refuseNodeId(ID);
  const row = { name: Node, id: ID, address: Address, taggedAddresses: TaggedAddresses, meta: Meta };
  return { kind: "node", verb, index: ModifyIndex, node: row };
}

function serviceStep(verb: string, on: string, body: Partial<CatalogServiceBody & Indexed>): CatalogStep {
  const { ID = "", Service: name = "", ModifyIndex = 0 } = body;
  // Reading asks by id alone; everything else must name what it is about.
  const described = toService(on, { ...body, Service: verb === "get" && name === "" ? ID : name });
  if (described === undefined) throw refusal(500, "failed inserting service: object missing primary index");
  return { kind: "service", verb, index: ModifyIndex, service: described };
}

function checkStep(verb: string, body: Partial<CatalogCheckBody & Indexed>): CatalogStep {
  const described = toCheck(body.Node ?? "", body);
  if (described.id === "") throw refusal(500, "failed inserting check: object missing primary index");
  return { kind: "check", verb, index: body.ModifyIndex ?? 0, check: described };
}

/** Without line ends, if it is base64 (RFC 4648 §4) to the last bit; else it would come back as something else. */
function base64(lines: string): string {
  const written = lines.replaceAll(/[\r\n]/g, "");
  if (Buffer.from(written, "base64").toString("base64") === written) return written;
  throw refusal(400, "Failed to parse body: illegal base64 data in Value");
}
