import { TuskerError } from "../../kernel/index.ts";
import type { ContractInfo, Method, MethodSpecs } from "../contract.ts";
import { type JsonSchema, resolveRef } from "../schema.ts";

export type ScalarType = "string" | "bool" | "int64" | "double";

/** What one value of a field is on the wire. `value` is google.protobuf.Value: any JSON. */
export type Kind =
  | { readonly kind: "scalar"; readonly type: ScalarType }
  | { readonly kind: "message"; readonly name: string }
  | { readonly kind: "value" };

/** A field without its number. */
export interface FieldShape {
  /** The JSON name. */
  readonly name: string;
  readonly kind: Kind;
  readonly cardinality: "single" | "repeated" | "map";
  /** How an absent field is read: its empty value, undefined, or null. */
  readonly presence: "required" | "optional" | "nullable";
}

export interface MessageShape {
  readonly name: string;
  readonly fields: readonly FieldShape[];
}

/** One method as gRPC sees it. */
export interface MethodShape {
  readonly method: Method;
  /** `/user_service.UserService/GetUser`. */
  readonly path: string;
  readonly request: string;
  readonly response: string;
  /** True when the JSON value is no plain object, so that the message carries it in its only field `value`. */
  readonly wrappedRequest: boolean;
  readonly wrappedResponse: boolean;
}

export interface ServiceShape {
  readonly name: string;
  readonly package: string;
  /** Name of the protobuf service, without package. */
  readonly service: string;
  readonly messages: readonly MessageShape[];
  readonly methods: readonly MethodShape[];
}

/**
 * The protobuf messages of a contract, from its JSON Schemas. Integers are int64, other numbers double, enums and dates
 * strings, records maps; what protobuf has no type for (unions, tuples, optional and nullable at once) is
 * google.protobuf.Value.
 *
 * @throws TuskerError RPC_CONTRACT when two names fall together
 */
export function serviceShape(info: ContractInfo<MethodSpecs>): ServiceShape {
  const messages = new Map<string, MessageShape>();
  const service = pascal(info.name);
  const packageName = info.name.replaceAll("-", "_");
  const methods = info.methods.map((method): MethodShape => {
    const name = pascal(method.name);
    const request = new RootShape(messages, `${name}Request`, method.input);
    const response = new RootShape(messages, `${name}Response`, method.output);
    return {
      method,
      path: `/${packageName}.${service}/${name}`,
      request: request.name,
      response: response.name,
      wrappedRequest: request.wrapped,
      wrappedResponse: response.wrapped,
    };
  });
  return { name: info.name, package: packageName, service, messages: [...messages.values()], methods };
}

interface Found {
  readonly kind: Kind;
  readonly cardinality: FieldShape["cardinality"];
  readonly nullable: boolean;
}

const anyJson: Found = { kind: { kind: "value" }, cardinality: "single", nullable: false };

/** Walks one JSON Schema document and adds its messages. */
class RootShape {
  readonly name: string;
  readonly wrapped: boolean;
  readonly #messages: Map<string, MessageShape>;
  readonly #root: JsonSchema;
  /** Message already made for a `$ref`; recursion ends here. */
  readonly #byRef = new Map<string, string>();

  constructor(messages: Map<string, MessageShape>, name: string, root: JsonSchema) {
    this.name = name;
    this.#messages = messages;
    this.#root = root;
    const top = merged(resolveRef(root, root), root);
    this.wrapped = !isMessage(top);
    if (!this.wrapped) {
      this.#byRef.set("#", name);
      if (root.$ref !== undefined) this.#byRef.set(root.$ref, name);
      this.#message(name, top);
      return;
    }
    const found = this.#find(root, `${name}_Value`);
    messages.set(name, { name, fields: [field("value", found, true)] });
  }

  #message(name: string, schema: JsonSchema): void {
    if (this.#messages.has(name)) {
      throw new TuskerError(
        "RPC_CONTRACT",
        `two objects would both be the message ${name}; rename a field or method`,
      );
    }
    this.#messages.set(name, { name, fields: [] });
    const required = new Set(schema.required);
    const fields = Object.entries(schema.properties ?? {}).map(([key, property]) =>
      field(key, this.#find(property, `${name}_${pascal(key)}`), required.has(key)),
    );
    this.#messages.set(name, { name, fields });
  }

  #find(schema: JsonSchema, name: string): Found {
    const { schema: plain, nullable, ref } = this.#withoutNull(schema);
    const known = ref === undefined ? undefined : this.#byRef.get(ref);
    if (known !== undefined)
      return { kind: { kind: "message", name: known }, cardinality: "single", nullable };
    const scalar = scalarOf(plain);
    if (scalar !== undefined)
      return { kind: { kind: "scalar", type: scalar }, cardinality: "single", nullable };
    if (plain.type === "array" && plain.prefixItems === undefined) {
      return { kind: this.#element(plain.items ?? {}, name), cardinality: "repeated", nullable };
    }
    if (isMessage(plain)) {
      if (ref !== undefined) this.#byRef.set(ref, name);
      this.#message(name, plain);
      return { kind: { kind: "message", name }, cardinality: "single", nullable };
    }
    if (
      plain.type === "object" &&
      plain.properties === undefined &&
      typeof plain.additionalProperties === "object"
    ) {
      return { kind: this.#element(plain.additionalProperties, name), cardinality: "map", nullable };
    }
    return { ...anyJson, nullable };
  }

  /** Protobuf has no lists of lists, no lists of maps and no null in a list: such elements are Values. */
  #element(schema: JsonSchema, name: string): Kind {
    const before = new Set(this.#messages.keys());
    const found = this.#find(schema, name);
    if (found.cardinality === "single" && !found.nullable) return found.kind;
    for (const added of this.#messages.keys()) if (!before.has(added)) this.#messages.delete(added);
    return { kind: "value" };
  }

  #withoutNull(schema: JsonSchema): { schema: JsonSchema; nullable: boolean; ref: string | undefined } {
    const ref = schema.$ref;
    const resolved = merged(resolveRef(schema, this.#root), this.#root);
    const branches = resolved.anyOf ?? resolved.oneOf;
    const rest = branches?.filter((branch) => branch.type !== "null");
    if (rest?.length === 1 && rest[0] !== undefined && rest.length !== branches?.length) {
      const inner = this.#withoutNull(rest[0]);
      return { ...inner, nullable: true };
    }
    if (typeof resolved.type === "object") {
      const types = resolved.type.filter((type) => type !== "null");
      const [only] = types;
      const nullable = types.length < resolved.type.length;
      if (types.length === 1 && only !== undefined)
        return { schema: { ...resolved, type: only }, nullable, ref };
      return { schema: {}, nullable, ref };
    }
    return { schema: resolved, nullable: false, ref };
  }
}

function field(name: string, found: Found, required: boolean): FieldShape {
  const { nullable, kind, cardinality } = found;
  // "Absent", "null" and "empty" are three answers where a protobuf field has two: only a Value keeps them apart.
  if (nullable && (!required || cardinality !== "single")) {
    return {
      name,
      kind: { kind: "value" },
      cardinality: "single",
      presence: required ? "nullable" : "optional",
    };
  }
  return { name, kind, cardinality, presence: nullable ? "nullable" : required ? "required" : "optional" };
}

/** True for an object whose keys are all known. */
function isMessage(schema: JsonSchema): boolean {
  const { additionalProperties: more } = schema;
  if (schema.type !== "object" || more === true) return false;
  return more === undefined || more === false;
}

/** An intersection of objects is the object of all their properties. */
function merged(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (schema.allOf === undefined) return schema;
  const parts = schema.allOf.map((part) => merged(resolveRef(part, root), root));
  if (!parts.every((part) => part.type === "object" && typeof part.additionalProperties !== "object"))
    return {};
  return {
    type: "object",
    properties: Object.assign({}, ...parts.map((part) => part.properties ?? {})),
    required: parts.flatMap((part) => part.required ?? []),
  };
}

function scalarOf(schema: JsonSchema): ScalarType | undefined {
  const values = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (values !== undefined) return commonType(values);
  switch (schema.type) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "integer":
      return "int64";
    case "number":
      return "double";
    default:
      return undefined;
  }
}

function commonType(values: readonly unknown[]): ScalarType | undefined {
  if (values.every((value) => typeof value === "string")) return "string";
  if (values.every((value) => typeof value === "boolean")) return "bool";
  if (values.every((value) => Number.isSafeInteger(value))) return "int64";
  if (values.every((value) => typeof value === "number")) return "double";
  return undefined;
}

/** user-service → UserService, product_id → ProductId. */
function pascal(text: string): string {
  return text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
