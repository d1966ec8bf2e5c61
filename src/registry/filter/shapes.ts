/** What a selector may name: the fields of a row, and what kind of thing each is. */
export type Shape =
  | "text"
  | "number"
  | "flag"
  | "texts"
  /** Free names. */
  | { readonly each: Shape }
  /** A list of rows: a question about one of their fields holds when it holds for any of them. */
  | { readonly any: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> };

const texts = { each: "text" } as const;
const addresses = { each: { fields: { Address: "text", Port: "number" } } } as const;
const weights = { fields: { Passing: "number", Warning: "number" } } as const;
/** Of meshes, which are not here: never, in every row. */
const connect = { fields: { Native: "flag" } } as const;

const node = {
  ID: "text",
  Node: "text",
  Address: "text",
  Datacenter: "text",
  TaggedAddresses: texts,
  Meta: texts,
} as const;

const service = {
  Kind: "text",
  ID: "text",
  Service: "text",
  Tags: "texts",
  Address: "text",
  TaggedAddresses: addresses,
  Meta: texts,
  Port: "number",
  Weights: weights,
  EnableTagOverride: "flag",
  Connect: connect,
} as const;

const check = {
  Node: "text",
  CheckID: "text",
  Name: "text",
  Status: "text",
  Notes: "text",
  Output: "text",
  ServiceID: "text",
  ServiceName: "text",
  ServiceTags: "texts",
  Type: "text",
} as const;

/** One per kind of row that can be filtered. */
export const shapes = {
  node: { fields: node },
  service: { fields: service },
  check: { fields: check },
  health: {
    fields: { Node: { fields: node }, Service: { fields: service }, Checks: { any: { fields: check } } },
  },
  catalog: {
    fields: {
      ...node,
      NodeMeta: texts,
      ServiceKind: "text",
      ServiceID: "text",
      ServiceName: "text",
      ServiceTags: "texts",
      ServiceAddress: "text",
      ServiceTaggedAddresses: addresses,
      ServiceWeights: weights,
      ServiceMeta: texts,
      ServicePort: "number",
      ServiceEnableTagOverride: "flag",
      ServiceConnect: connect,
    },
  },
} as const satisfies Record<string, Shape>;
