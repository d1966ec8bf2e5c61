import { type Clock, TuskerError } from "../kernel/index.ts";
import type { Logger, Tracer } from "../telemetry/index.ts";
import type { ContractInfo, Method, MethodSpecs } from "./contract.ts";
import type { AnyHandler } from "./dispatch.ts";
import { openApi } from "./openapi.ts";

/** A contract with its handlers, as both protocols serve it. */
export interface Service {
  readonly info: ContractInfo;
  readonly tracer: Tracer;
  readonly log: Logger;
  readonly clock: Clock;
  /** Answers in the `{ success, data, error }` envelope over REST. */
  readonly envelope: boolean;
  readonly healthPath: string;
  readonly lifecycle: Lifecycle;
  handlerOf(method: Method): AnyHandler;
  /** OpenAPI 3.1 as JSON text. */
  openapi(): string;
}

/** Whether the service still takes calls. */
export interface Lifecycle {
  /** True from the moment the service is asked to end. */
  readonly draining: boolean;
  /** Calls `run` when it is asked to end. */
  onDrain(run: () => void): Disposable;
}

export interface ServiceOptions {
  readonly tracer: Tracer;
  readonly log: Logger;
  readonly clock: Clock;
  readonly envelope: boolean;
  readonly healthPath: string;
  readonly version: string;
  readonly lifecycle: Lifecycle;
}

/** @throws TuskerError RPC_CONTRACT when a method has no handler */
export function serviceOf(
  info: ContractInfo<MethodSpecs>,
  handlers: Readonly<Record<string, unknown>>,
  options: ServiceOptions,
): Service {
  const table = new Map<string, AnyHandler>();
  for (const { name } of info.methods) {
    const handler = handlers[name];
    if (!isHandler(handler))
      throw new TuskerError("RPC_CONTRACT", `${info.name}.${name} has no handler; add one to serve()`);
    table.set(name, handler);
  }
  let openapi: string | undefined;
  return {
    info,
    ...options,
    handlerOf(method) {
      const handler = table.get(method.name);
      if (handler === undefined)
        throw new TuskerError("KERNEL_INTERNAL", `${method.name} is no method of ${info.name}`);
      return handler;
    },
    openapi() {
      openapi ??= JSON.stringify(openApi(info, options));
      return openapi;
    },
  };
}

function isHandler(value: unknown): value is AnyHandler {
  return typeof value === "function";
}
