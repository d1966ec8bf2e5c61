import { existsSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { deepFreeze, ServiceRef, TuskerError } from "../../kernel/index.ts";
import {
  type Diagnostic,
  type Document,
  type Loaded,
  type LoadOptions,
  loadDocument,
  type OperatorPlugin,
  type OutsideProblem,
  problemAt,
  type SecretProvider,
  type Tree,
  withoutOneEdit,
  withWarnings,
} from "../../tsk/index.ts";
import { crossCheck } from "./check/cross-check.ts";
import { type Explained, explained } from "./check/explain.ts";
import { Lost } from "./check/lost.ts";
import { isOfLostHeader, withoutRests } from "./check/merged.ts";
import { bySharedValue } from "./check/shared-values.ts";
import { schemaFiles } from "./config-schema.ts";
import { grpcPorts } from "./grpc-ports.ts";
import { type Judgement, judge } from "./judge.ts";
import { machinePorts } from "./machine.ts";
import { schemaProblems, valueAt } from "./problems.ts";
import { noted, type ReadFrom, withFiles } from "./read-from.ts";
import { type FleetSections, knownKeys, sectionNames } from "./schema.ts";
import { secretTexts } from "./secret-texts.ts";
import type { FleetSettings, ServiceSettings } from "./settings.ts";

export interface LoadFleetOptions {
  /** Overlay to merge, which must exist. Default: `TUSKER_ENV`, else `APP_ENV`, else "development" where such a file is. */
  readonly environment?: string | undefined;
  /** Overrides `path=value`. */
  readonly sets?: readonly string[];
  /** What `@env` reads; default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where files come from; default: the disk. An editor has texts that are not saved. */
  readonly files?: Pick<LoadOptions, "readFile" | "list">;
  /** Operators of the host beside those of the language; default none. */
  readonly operators?: readonly OperatorPlugin[];
  /** Where secrets are kept beside variables and files; default nowhere. */
  readonly secrets?: readonly SecretProvider[];
  /** True when operators and providers of secrets that ask the network may run; default false. */
  readonly network?: boolean;
  /**
   * Whether the modules are run that services name as the schema of their `config`: default true. An editor reads files
   * of people whom nobody asked yet; it runs nothing.
   */
  readonly modules?: boolean;
  /** An earlier version of the same fleet: what has not changed since is not judged again. The result is the same. */
  readonly before?: (Loaded & Partial<Pick<LoadedFleet, "judgement">>) | undefined;
}

/** A fleet file read to the end: settings when it is right, problems in any case. */
export interface LoadedFleet {
  readonly document: Document;
  /** Errors and warnings, each with file, line and column. */
  readonly diagnostics: readonly Diagnostic[];
  /** The tree of every file that was read. */
  readonly trees: ReadonlyMap<string, Tree>;
  /** What could not be read, and values that could not be had. */
  readonly lost: Loaded["lost"];
  /** Keeps secrets out of what else is told of it. */
  readonly discreet: Loaded["discreet"];
  /** Absent when a diagnostic is an error. */
  readonly settings: FleetSettings | undefined;
  /** What the sections said of all that could be read. */
  readonly judgement: Judgement;
  /** What was read, on whose change the fleet is worth reading again. */
  readonly from: ReadFrom;
}

/**
 * Text → layers → document → sections of the rooms → settings. Reports all problems at once and starts nothing.
 *
 * @throws TuskerError FLEET_FILE_MISSING
 */
export function loadFleet(file: string, options: LoadFleetOptions = {}): LoadedFleet {
  const absolute = resolve(file);
  // Diagnostics show the path a person would type.
  const near = relative(process.cwd(), absolute);
  const entry = near === "" || near.startsWith("..") ? absolute : near;
  if (options.files === undefined && !existsSync(absolute)) {
    throw new TuskerError(
      "FLEET_FILE_MISSING",
      `there is no fleet file ${file}; \`tusker init\` writes a first one`,
    );
  }
  const root = dirname(absolute);
  const env = options.env ?? process.env;
  const environment = environmentOf(root, options.environment, env);
  const watched = watchedEnvironment(env);
  const machine = { ...machinePorts(watched.env), ...options.files };
  const { ports, from } = noted({ ...machine, secrets: options.secrets });
  const asked: LoadOptions = {
    entry,
    ...machine,
    ...ports,
    operators: options.operators,
    network: options.network === true,
    env: watched.env,
    causes: "file",
    sets: options.sets ?? [],
    before: options.before,
    ...(environment.overlay ? { environment: environment.name } : {}),
  };
  const loaded = loadDocument(asked);
  const judged = judgeAll(loaded, options, root);
  const { document, sections } = judged;
  const diagnostics = withoutOneEdit(judged.diagnostics, {
    loaded,
    options: { ...asked, ...machine },
    sections: sectionNames(),
    judge: (again) => judgeAll(loadDocument(again), options, root).diagnostics,
    quickly: (again) => judgeAll(loadDocument(again), options, root, "all").diagnostics,
  });
  const read = { file: absolute, environment: environment.name, document, variables: watched.read };
  const right = sections !== undefined && !diagnostics.some((one) => one.severity === "error");
  const settings = right ? settingsOf(read, sections) : undefined;
  const { trees, lost, discreet } = loaded;
  const more = [environment.file, ...schemaFiles(document.value, root)];
  return {
    ...{ document, trees, lost, discreet, diagnostics, judgement: judged.judgement, settings },
    from: withFiles(from(), more),
  };
}

/** A document and what is wrong with it, for the language and for the fleet. */
interface Judged {
  readonly document: Document;
  readonly diagnostics: readonly Diagnostic[];
  readonly judgement: Judgement;
  /** Absent when a section is wrong. */
  readonly sections: FleetSections | undefined;
}

/**
 * What the rooms say of all that could be read of a document.
 *
 * @param told one problem per cause, or all that follows from it, too
 */
function judgeAll(
  loaded: Loaded,
  options: LoadFleetOptions,
  root: string,
  told: "causes" | "all" = "causes",
): Judged {
  const broken = loaded.diagnostics.some((one) => one.severity === "error");
  const { document, judgement } = withSuitedVariables(loaded.document, options.before?.judgement);
  const lost = new Lost({ document, lost: loaded.lost });
  const problems = (of: Document["value"], judged: Judgement): readonly OutsideProblem[] => {
    // What is lost may have said otherwise than the defaults do.
    const sections = broken ? undefined : judged.sections;
    return [
      ...schemaProblems(lost.withoutComparisons(judged.issues), of, knownKeys),
      ...crossCheck(of, { root, sections, modules: options.modules !== false, isWhole: !broken }),
    ];
  };
  const sifted = (all: readonly OutsideProblem[]): readonly OutsideProblem[] => lost.without(all);
  const judgeOther = (other: Document["value"]): readonly OutsideProblem[] =>
    problems(other, judge(other, judgement));
  const all = sifted(problems(document.value, judgement));
  const found: Explained =
    told === "all"
      ? { problems: all }
      : explained(all, document.value, {
          judge: (other) => sifted(judgeOther(other)),
          judgeAll: judgeOther,
          sifted,
        });
  const referred = found.problems.map((one) => withReference(one, loaded.document.value));
  const placed = referred.map((one) => problemAt(document, one));
  const located = loaded.discreet(told === "all" ? placed : bySharedValue(placed, { ...loaded, document }));
  const own = loaded.diagnostics.filter((one) => !isOfLostHeader(one, loaded, found));
  const { error: errors = [], warning: warnings = [] } = Object.groupBy(own, (one) => one.severity);
  const diagnostics = byPlace(document, withoutRests([...errors, ...withWarnings(located, warnings)]));
  return { document, diagnostics, judgement, sections: judgement.sections };
}

/** A problem of a key that takes text alone says why `@service` is none of what it takes. */
function withReference(found: OutsideProblem, value: unknown): OutsideProblem {
  const reference = valueAt(value, found.path);
  if (!(reference instanceof ServiceRef) || found.code !== "FLEET_INVALID" || found.help !== undefined)
    return found;
  const help = `no reference to a service can stand here: @service is taken as its text, "${String(reference)}"`;
  return { ...found, help };
}

/** In the order a person reads: file by file, from the top. */
function byPlace(document: Document, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = [...document.sources.keys()];
  return diagnostics.toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.start - b.start);
}

/** What settings are made of besides the sections. */
interface Read {
  readonly file: string;
  readonly environment: string;
  readonly document: Document;
  /** The environment variables the file read, with their values. */
  readonly variables: ReadonlyMap<string, string>;
}

function settingsOf(
  { file, environment, document, variables }: Read,
  sections: FleetSections,
): FleetSettings {
  const root = dirname(file);
  const names = document.keys(["services"]);
  const own = new Set(names);
  const counted = sections.grpc.enabled ? grpcPorts(names, sections) : undefined;
  const services = names.flatMap((name): ServiceSettings[] => {
    const section = sections.services[name];
    if (section === undefined) return [];
    return [
      {
        ...section,
        name,
        ...needsOf(section.dependencies, own),
        grpcPort: counted?.get(name),
      },
    ];
  });
  const { fleet, externals, collector, control, services: _services, ...rest } = sections;
  return deepFreeze({
    name: fleet.name ?? nameOf(root),
    file,
    root,
    dataDir: resolve(root, fleet.data_dir),
    runDir: join(resolve(root, fleet.data_dir), "run", basename(file, ".tsk")),
    environment,
    tryPath: fleet.try ?? firstGet(sections.routes),
    startTimeoutMs: fleet.start_timeout,
    stopTimeoutMs: fleet.stop_timeout,
    services,
    externals,
    collector,
    control,
    sections: rest,
    secretVariables: secretVariables(services, rest, variables),
    written: document.value,
  });
}

/** Who of those that a service depends on are services of the fleet, and who are not. */
function needsOf(
  all: readonly string[],
  own: ReadonlySet<string>,
): Pick<ServiceSettings, "needs" | "needsExternals"> {
  const needsExternals = all.filter((one) => !own.has(one));
  const needs = needsExternals.length === 0 ? all : all.filter((one) => own.has(one));
  return { needs, needsExternals };
}

/** Passes an environment on and notes what is read of it. */
function watchedEnvironment(env: Readonly<Record<string, string | undefined>>): {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly read: ReadonlyMap<string, string>;
} {
  const read = new Map<string, string>();
  const watched: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(env)) {
    const get = (): string | undefined => {
      if (value !== undefined) read.set(name, value);
      return value;
    };
    Object.defineProperty(watched, name, { get, enumerable: true });
  }
  return { env: watched, read };
}

/** Variables of which a secret was made, and the services that own such a secret: none of them, if a room owns it. */
function secretVariables(
  services: readonly ServiceSettings[],
  rooms: object,
  variables: ReadonlyMap<string, string>,
): Readonly<Record<string, readonly string[]>> {
  if (variables.size === 0) return {};
  const ofRooms = secretTexts(rooms);
  const ofServices = services.map(({ name, config, env }) => ({ name, texts: secretTexts([config, env]) }));
  const found: Record<string, readonly string[]> = {};
  for (const [variable, value] of variables) {
    if (value === "") continue;
    const holds = (texts: readonly string[]): boolean => texts.some((text) => text.includes(value));
    const owners = ofServices.filter(({ texts }) => holds(texts)).map(({ name }) => name);
    if (owners.length > 0 || holds(ofRooms)) found[variable] = owners;
  }
  return found;
}

/** The first route that takes GET and is one path: what stands below a pattern only the service knows. */
function firstGet(routes: FleetSections["routes"]): string | undefined {
  const found = Object.entries(routes).find(
    ([path, list]) =>
      !/[{*]/.test(path) && list.some(({ method }) => method === undefined || method.includes("GET")),
  );
  return found?.[0];
}

/**
 * What comes from the environment or the command line has no type of its own: where the section does not take it as
 * it was read, it is read again the other way. Where a section takes no reference to a service it gets the text of it.
 */
function withSuitedVariables(
  document: Document,
  before: Judgement | undefined,
): { readonly document: Document; readonly judgement: Judgement } {
  const judgement = judge(document.value, before);
  const unsuited = judgement.issues.filter(
    ({ code, path }) => code === "invalid_type" || leadsToService(document.value, path),
  );
  const booleans = unsuited.filter((issue) => issue.code === "invalid_type" && issue.expected === "boolean");
  const suited = document.reread(
    unsuited.map((issue) => issue.path),
    new Set(booleans.map((issue) => issue.path)),
  );
  return { document: suited, judgement: suited === document ? judgement : judge(suited.value, judgement) };
}

function leadsToService(value: unknown, [key, ...rest]: readonly PropertyKey[]): boolean {
  if (value instanceof ServiceRef) return true;
  if (key === undefined || typeof value !== "object" || value === null || !Object.hasOwn(value, key))
    return false;
  return leadsToService(Reflect.get(value, key), rest);
}

/** Which overlay: asked for by name it must exist; a name that is only in the air applies where there is such a file. */
function environmentOf(
  root: string,
  asked: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): { readonly name: string; readonly overlay: boolean; readonly file: string } {
  const fileOf = (name: string): string => join(root, "environment", `${name}.tsk`);
  const explicit = asked ?? env.TUSKER_ENV;
  if (explicit !== undefined && explicit !== "")
    return { name: explicit, overlay: true, file: fileOf(explicit) };
  const name = env.APP_ENV ?? "development";
  return { name, overlay: existsSync(fileOf(name)), file: fileOf(name) };
}

/** A folder name made into a fleet name. */
function nameOf(root: string): string {
  const plain = basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "");
  return plain === "" ? "fleet" : plain.slice(0, 63);
}
