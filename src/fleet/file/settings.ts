import type { Frozen } from "../../kernel/index.ts";
import type { FleetSections } from "./schema.ts";
import type { CollectorSection, ControlSection, ExternalSection, ServiceSection } from "./section.ts";

/** A whole system as written: validated, frozen. */
export interface FleetSettings {
  readonly name: string;
  /** The fleet file, absolute. */
  readonly file: string;
  /** The folder of the fleet file; every relative path starts here. */
  readonly root: string;
  /** Databases, logs and run state, absolute. */
  readonly dataDir: string;
  /** What this fleet keeps under the data folder about its run: of the file's name, since a folder may hold several. */
  readonly runDir: string;
  /** The environment whose overlay was merged, "development" unless told otherwise. */
  readonly environment: string;
  /** Path of a first request to try. */
  readonly tryPath: string | undefined;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** In the order of the file. */
  readonly services: readonly ServiceSettings[];
  readonly externals: Readonly<Record<string, Frozen<ExternalSection>>>;
  readonly collector: Frozen<CollectorSection>;
  readonly control: Frozen<ControlSection>;
  readonly sections: Frozen<
    Pick<FleetSections, "service_discovery" | "gateway" | "routes" | "grpc" | "api_communication" | "tracing">
  >;
  /** Environment variables that hold secrets, and the services that may see them. */
  readonly secretVariables: Readonly<Record<string, readonly string[]>>;
  /** The same sections as plain data as they were written, for processes that validate for themselves. */
  readonly written: Readonly<Record<string, unknown>>;
}

/** One service as written. */
export interface ServiceSettings extends Frozen<ServiceSection> {
  readonly name: string;
  /** Names in `dependencies` that are services of this fleet. */
  readonly needs: readonly string[];
  /** Names in `dependencies` that are not. */
  readonly needsExternals: readonly string[];
  /** gRPC port of the first instance; 0 lets the system choose; undefined when gRPC is off. */
  readonly grpcPort: number | undefined;
  /** Configuration layers merged; secrets are still `Secret`. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Instance ids as registries print them: "user-service-001". */
export function instanceId(service: Pick<ServiceSettings, "name" | "id">, index: number): string {
  if (index === 0 && service.id !== undefined) return service.id;
  return `${service.name}-${String(index + 1).padStart(3, "0")}`;
}
