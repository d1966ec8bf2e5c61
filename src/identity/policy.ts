import { deepFreeze, TuskerError } from "../kernel/index.ts";

/** Who may do what. Each name is exact, or a prefix ending in `*`; `*` alone is everybody or everything. */
export interface Rule {
  readonly subjects: readonly string[];
  readonly actions: readonly string[];
}

/** An allow-list: what no rule allows is denied. Made by `definePolicy`. */
export interface Policy {
  readonly allow: readonly Rule[];
}

export interface AuthorizeRequest {
  readonly subject: string;
  /** What shall be done, in the operator's words: `service.restart`. */
  readonly action: string;
  /** Scopes of the caller's token: it may never do more than these, whatever the policy allows its subject. */
  readonly scopes?: readonly string[];
}

/** The answer, with the rule that gave it or the IDENTITY_DENIED error to send. */
export type Decision =
  | { readonly allowed: true; readonly rule: Rule }
  | { readonly allowed: false; readonly error: TuskerError };

/**
 * Checks and freezes a policy.
 *
 * @throws TuskerError IDENTITY_INVALID for a pattern that is empty or has a `*` before its end
 * @example definePolicy([{ subjects: ["operator"], actions: ["*"] }, { subjects: ["*"], actions: ["fleet.read"] }])
 */
export function definePolicy(allow: readonly Rule[]): Policy {
  for (const rule of allow) for (const pattern of [...rule.subjects, ...rule.actions]) checkPattern(pattern);
  return deepFreeze({
    allow: allow.map(({ subjects, actions }) => ({ subjects: [...subjects], actions: [...actions] })),
  });
}

/** Looks for a rule that allows the request. Deny by default; the order of rules does not matter. */
export function authorize(policy: Policy, request: AuthorizeRequest): Decision {
  const { subject, action, scopes } = request;
  const inScope = scopes === undefined || matches(scopes, action);
  const rule = policy.allow.find((r) => matches(r.subjects, subject) && matches(r.actions, action));
  if (inScope && rule !== undefined) return { allowed: true, rule };
  return { allowed: false, error: denied(request, inScope) };
}

function denied({ subject, action }: AuthorizeRequest, inScope: boolean): TuskerError {
  const why = inScope ? "no rule allows it" : "the token is not good for it";
  return new TuskerError("IDENTITY_DENIED", `"${subject}" may not "${action}": ${why}`, {
    details: { subject, action },
  });
}

function matches(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

function checkPattern(pattern: string): void {
  const star = pattern.indexOf("*");
  if (pattern !== "" && (star < 0 || star === pattern.length - 1)) return;
  throw new TuskerError(
    "IDENTITY_INVALID",
    `"${pattern}" is no pattern; write an exact name, a prefix ending in "*", or "*"`,
  );
}
