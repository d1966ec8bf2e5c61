import type { HostFacts } from "../ports.ts";
import type { Data } from "../value/data.ts";
import { typeName } from "../value/data.ts";
import { readScalar } from "../value/scalar.ts";
import { withPlainText, withValue } from "./argument.ts";
import { formatDate } from "./date.ts";
import type { OperatorCall, Result } from "./row.ts";

/**
 * A fact of the machine; undefined when the host has no such fact.
 *
 * @param which of several facts of this name was asked for, as a problem says it; default: there is one
 */
export function fact(
  call: OperatorCall,
  of: (facts: HostFacts) => Data | undefined,
  help?: (facts: HostFacts) => string,
  which = "",
): Result {
  const facts = call.ports.facts?.();
  const found = facts === undefined ? undefined : of(facts);
  return found === undefined
    ? call.fail(
        "TSK_UNAVAILABLE",
        `this host does not tell @${call.node.name}${which}`,
        facts && help?.(facts),
      )
    : call.give(found);
}

/** `@host.ip()`, `@host.ip("eth0")` */
export function address(call: OperatorCall): Result {
  if (!call.has("interface")) return fact(call, ({ addresses }) => addresses[""]);
  return withPlainText(call, "interface", (name) => {
    const known = ({ addresses }: HostFacts): string => `it has ${namesOf(addresses).join(", ")}`;
    return fact(call, ({ addresses }) => own(addresses, name), known, ` of ${name}`);
  });
}

function namesOf(addresses: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(addresses).filter((name) => name !== "");
}

function own(addresses: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(addresses, name) ? addresses[name] : undefined;
}

/** `@date("Y-m-d")`: the time of the load, in UTC. */
export function date(call: OperatorCall): Result {
  return withPlainText(call, "format", (format) => {
    const ms = time(call);
    return ms === undefined ? undefined : call.give(formatDate(format, ms));
  });
}

/** `@date.now()`: RFC 3339. */
export function now(call: OperatorCall): Result {
  const ms = time(call);
  return ms === undefined ? undefined : call.give({ type: "date", text: formatDate("Y-m-d\\TH:i:s\\Z", ms) });
}

/** Reproducible builds: https://reproducible-builds.org/specs/source-date-epoch/ */
function time(call: OperatorCall): number | undefined {
  const epoch = call.ports.env("SOURCE_DATE_EPOCH");
  if (epoch !== undefined && /^\d{1,11}$/.test(epoch)) return Number(epoch) * 1000;
  const ms = call.ports.now?.();
  if (ms === undefined) return call.fail("TSK_UNAVAILABLE", `this host has no clock for @${call.node.name}`);
  const help = "write the date, or set SOURCE_DATE_EPOCH";
  call.warn("TSK_UNSTABLE", `@${call.node.name} gives another value with every load`, help);
  return ms;
}

/** `@cache(ttl, value)`: nothing here costs enough to keep. */
export function cache(call: OperatorCall): Result {
  return withValue(call, "ttl", ({ data }) =>
    typeName(typeof data === "string" ? (readScalar(data) ?? data) : data) === "duration"
      ? call.argument("value")
      : call.fail("TSK_TYPE", `@cache needs a duration as ttl, found ${typeName(data)}`),
  );
}

/** `@learn(name, value)`, `@optimize(name, value)`: nothing is learnt; the value is meant. */
export function pretended(call: OperatorCall): Result {
  const value = call.node.args?.[1]?.value;
  const text = value === undefined ? undefined : call.place.source.text.slice(value.start, value.end);
  const message = `@${call.node.name} learns nothing; it gives its second argument`;
  call.warn("TSK_NO_EFFECT", message, "write the value alone", text);
  return call.argument("value");
}
