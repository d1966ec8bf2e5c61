import { ServiceRef, type ServiceResolver, type ServiceTarget } from "./service-ref.ts";

/** A reference and where it stands, as it goes to another process beside data that has its text. */
export interface PlacedReference extends ServiceTarget {
  readonly path: readonly (string | number)[];
}

/** The references in plain data. */
export function referencesIn(value: unknown, path: PlacedReference["path"] = []): readonly PlacedReference[] {
  if (value instanceof ServiceRef) {
    const { name, port, tag } = value;
    return [{ path, name, ...(port === undefined ? {} : { port }), ...(tag === undefined ? {} : { tag }) }];
  }
  if (Array.isArray(value)) return value.flatMap((one, index) => referencesIn(one, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => referencesIn(one, [...path, key]));
}

/** The same data with references where their texts stood; a path at which there is no text is passed over. */
export function withReferences(
  value: unknown,
  references: readonly PlacedReference[],
  resolver?: ServiceResolver,
): unknown {
  return references.reduce<unknown>(
    (data, { path, ...target }) =>
      replacedAt(data, path, (text) =>
        typeof text === "string" ? new ServiceRef(target, text, resolver) : text,
      ),
    value,
  );
}

/** The same data for who knows no references: each is its text. */
export function withoutReferences(value: unknown): unknown {
  return withTexts(
    value,
    referencesIn(value).map(({ path }) => path),
  );
}

/** What a schema says of a value; of Standard Schema, https://standardschema.dev. */
interface Said {
  readonly issues?: readonly { readonly path?: readonly Step[] | undefined }[] | undefined;
}

type Step = PropertyKey | { readonly key: PropertyKey };

/**
 * Holds data against a schema that may want references to services, or their texts: it is shown the references first, and where
 * it refuses one the text.
 *
 * @throws what the schema throws
 */
export function validatedWithServices<S extends Said>(value: unknown, validate: (value: unknown) => S): S {
  const paths = referencesIn(value).map(({ path }) => path);
  if (paths.length === 0) return validate(value);
  let said: S;
  try {
    said = validate(value);
  } catch {
    // A step of a schema that takes text only.
    return validate(withTexts(value, paths));
  }
  const refused = said.issues?.map(({ path = [] }) => path.map(keyOf)) ?? [];
  const texts = paths.filter((path) => refused.some((issue) => isBegin(path, issue) || isBegin(issue, path)));
  if (texts.length === 0) return said;
  const again = validatedWithServices(withTexts(value, texts), validate);
  return (again.issues?.length ?? 0) < refused.length ? again : said;
}

function keyOf(step: Step): PropertyKey {
  return typeof step === "object" ? step.key : step;
}

function isBegin(path: readonly PropertyKey[], of: readonly PropertyKey[]): boolean {
  return path.every((key, index) => String(key) === String(of[index]));
}

/** The same data with texts in place of the references at these paths. */
function withTexts(value: unknown, paths: readonly (readonly PropertyKey[])[]): unknown {
  return paths.reduce<unknown>(
    (data, path) => replacedAt(data, path, (one) => (one instanceof ServiceRef ? one.text : one)),
    value,
  );
}

/** A copy in which one value is another. What leads through a reference ends at it. */
function replacedAt(
  value: unknown,
  [key, ...rest]: readonly PropertyKey[],
  change: (value: unknown) => unknown,
): unknown {
  if (key === undefined || value instanceof ServiceRef) return change(value);
  if (Array.isArray(value))
    return value.map((one: unknown, index) =>
      String(index) === String(key) ? replacedAt(one, rest, change) : one,
    );
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      name === String(key) ? replacedAt(one, rest, change) : one,
    ]),
  );
}
