import type { z } from "zod";
import { readRoutes } from "../../gateway/section.ts";
import { type FleetSections, fleetSchema } from "./schema.ts";
import { readService, type ServiceSection, servicesSection } from "./section.ts";

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
 * Holds a document against the sections of all rooms. What is plainly right is read without the schemas; of the rest they say
 * what is wrong.
 *
 * @param before the judgement of an earlier version: a service of which the same is written is not looked at again
 */
export function judge(value: Readonly<Record<string, unknown>>, before?: Judgement): Judgement {
  const { services: written, ...others } = value;
  if (!isMap(written)) return whole(value);
  const known = new Map<string, JudgedService>();
  const doubtful: Record<string, unknown> = {};
  for (const name of Object.keys(written)) {
    const one = written[name];
    const old = before?.services.get(name);
    if (old !== undefined && old.written === one) {
      known.set(name, old);
      continue;
    }
    const section = readService(name, one);
    if (section !== undefined) known.set(name, { written: one, section });
    else Object.defineProperty(doubtful, name, { value: one, enumerable: true });
  }
  const issues = judgeServices(doubtful, known);
  const { routes: writtenRoutes, ...rest } = others;
  const routes = readRoutes(writtenRoutes);
  // To compile a schema costs more than to read a few keys with it.
  const parsed =
    routes === undefined ? fleetSchema.safeParse(others) : fleetSchema.safeParse(rest, { jitless: true });
  if (!parsed.success) issues.push(...parsed.error.issues);
  if (!parsed.success || issues.length > 0) return { sections: undefined, issues, services: known };
  const services: Record<string, ServiceSection> = {};
  for (const name of Object.keys(written)) {
    const section = known.get(name)?.section;
    if (section !== undefined) services[name] = section;
  }
  const sections = { ...parsed.data, services };
  return { sections: routes === undefined ? sections : { ...sections, routes }, issues, services: known };
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
