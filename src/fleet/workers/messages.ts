import type { RouteStats, ServiceStats, SharedState } from "../../gateway/index.ts";
import type { LogFields, LogLevel } from "../../telemetry/index.ts";
import type { Grace } from "../gateway-process.ts";

/** What a thread is started with. */
export interface WorkerStart {
  /** As `runGateway` takes it, with the port that all share. */
  readonly file: unknown;
  /** The file in force, where it is another one by now. */
  readonly adopted: unknown;
  readonly shared: SharedState;
}

/** What a thread is told. */
export type WorkerOrder =
  | { readonly type: "metrics" }
  | { readonly type: "state" }
  | { readonly type: "adopt"; readonly file: unknown }
  | { readonly type: "drain"; readonly grace: Grace };

/** What a thread says. */
export type WorkerNews =
  | { readonly type: "ready"; readonly port: number }
  | { readonly type: "reachable" }
  | { readonly type: "metrics"; readonly text: string }
  | {
      readonly type: "state";
      readonly routes: readonly RouteStats[];
      readonly services: readonly ServiceStats[];
    }
  | { readonly type: "drained" }
  | {
      readonly type: "log" | "access";
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: LogFields | undefined;
    }
  /** It could not start; it ends now. */
  | { readonly type: "failed"; readonly code: string; readonly message: string };
