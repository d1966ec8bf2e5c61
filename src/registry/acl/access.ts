/** Kinds of things a rule can be about. Sessions are named by their node, events by their name, agents by their node. */
export const resources = ["key", "service", "node", "session", "event", "agent"] as const;

export type Resource = (typeof resources)[number];

/** What a rule says. Who may write may read. */
export type Policy = "deny" | "read" | "write";

/** Rules by name of the thing; a name that ends in `*` stands for all that begin so. */
export type AclRules = {
  readonly [kind in Resource]?: Readonly<Record<string, Policy>> | undefined;
} & {
  /** Everything, also what has no rules of its own. */
  readonly management?: boolean | undefined;
};

/** What somebody may do. What no rule is about is denied. */
export interface Access {
  can(resource: Resource, name: string, wanted: "read" | "write"): boolean;
  /** True when nothing that begins so is denied. */
  canAll(resource: Resource, prefix: string, wanted: "read" | "write"): boolean;
  readonly management: boolean;
}

/** Where no rules are in force. */
export const everything: Access = { can: () => true, canAll: () => true, management: true };

/** The rule that names a thing decides, else the longest beginning of its name. */
export function accessOf(rules: AclRules): Access {
  if (rules.management === true) return everything;
  const compiled = new Map(resources.map((kind) => [kind, compile(rules[kind] ?? {})]));
  return {
    can: (resource, name, wanted) => grants(policyOf(compiled.get(resource), name), wanted),
    canAll(resource, prefix, wanted) {
      const own = compiled.get(resource);
      if (!grants(prefixPolicy(own, prefix), wanted)) return false;
      const below = [...(own?.exact ?? []), ...(own?.prefixes ?? [])];
      return below.every(([name, policy]) => !name.startsWith(prefix) || grants(policy, wanted));
    },
    management: false,
  };
}

interface Compiled {
  readonly exact: ReadonlyMap<string, Policy>;
  /** The longest first. */
  readonly prefixes: readonly (readonly [prefix: string, policy: Policy])[];
}

function compile(rules: Readonly<Record<string, Policy>>): Compiled {
  const entries = Object.entries(rules);
  const prefixes = entries.flatMap(([name, policy]) =>
    name.endsWith("*") ? [[name.slice(0, -1), policy] as const] : [],
  );
  return {
    exact: new Map(entries.filter(([name]) => !name.endsWith("*"))),
    prefixes: prefixes.sort(([a], [b]) => b.length - a.length),
  };
}

function policyOf(compiled: Compiled | undefined, name: string): Policy {
  return compiled?.exact.get(name) ?? prefixPolicy(compiled, name);
}

function prefixPolicy(compiled: Compiled | undefined, name: string): Policy {
  return compiled?.prefixes.find(([prefix]) => name.startsWith(prefix))?.[1] ?? "deny";
}

function grants(policy: Policy, wanted: "read" | "write"): boolean {
  return policy === "write" || policy === wanted;
}
