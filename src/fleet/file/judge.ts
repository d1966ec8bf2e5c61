import type { z } from "zod";
import { type FleetSections, fleetSchema } from "./schema.ts";
import { type ServiceSection, servicesSection } from "./section.ts";

/** What the sections say of a document. */
export interface Judgement {
  /** Absent when a section is wrong. */
  readonly sections: FleetSections | undefined;
  readonly issues: readonly z.core.$ZodIssue[];
  /** Services that are right, by name. */
  readonly services: ReadonlyMap<string, JudgedService>;
}

/** A service that is right: what is written of it, and what that means. */
interface JudgedService {
  readonly written: unknown;
  readonly section: ServiceSection;
}

/**
 * Holds a document against the sections of all rooms.
 *
 * @param before the judgement of an earlier version: a service of which the same is written is not looked at again
 */
export function judge(value: Readonly<Record<string, unknown>>, before?: Judgement): Judgement {
  const { services: written, ...rest } = value;
  if (!isMap(written)) return whole(value);
  const known = new Map<string, JudgedService>();
  const fresh: Record<string, unknown> = {};
  for (const name of Object.keys(written)) {
    const old = before?.services.get(name);
    if (old !== undefined && old.written === written[name]) known.set(name, old);
    else Object.defineProperty(fresh, name, { value: written[name], enumerable: true });
  }
  const issues = judgeServices(fresh, known);
  const parsed = fleetSchema.safeParse(rest);
  if (!parsed.success) issues.push(...parsed.error.issues);
  if (!parsed.success || issues.length > 0) return { sections: undefined, issues, services: known };
  const services: Record<string, ServiceSection> = {};
  for (const name of Object.keys(written)) {
    const section = known.get(name)?.section;
    if (section !== undefined) services[name] = section;
  }
  return { sections: { ...parsed.data, services }, issues, services: known };
}

/** A document in which `[services]` is no map. */
function whole(value: Readonly<Record<string, unknown>>): Judgement {
  const parsed = fleetSchema.safeParse(value);
  return { sections: parsed.data, issues: parsed.error?.issues ?? [], services: new Map() };
}

/** Judges services under their names, which are judged too; those that are right become known. */
function judgeServices(
  written: Readonly<Record<string, unknown>>,
  known: Map<string, JudgedService>,
): z.core.$ZodIssue[] {
  const all = servicesSection.safeParse(written);
  const issues: z.core.$ZodIssue[] = [];
  for (const name of Object.keys(written)) {
    // One that is wrong hides what the others mean.
    const parsed = all.success ? all : servicesSection.safeParse({ [name]: written[name] });
    const section = parsed.data?.[name];
    if (section !== undefined) known.set(name, { written: written[name], section });
    for (const issue of parsed.error?.issues ?? [])
      issues.push({ ...issue, path: ["services", ...issue.path] });
  }
  return issues;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
