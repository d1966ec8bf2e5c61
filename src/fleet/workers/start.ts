import { startAdmin } from "../../gateway/index.ts";
import { messageOf } from "../../kernel/index.ts";
import {
  type GatewayProcess,
  type GatewayProcessPorts,
  gatewayPlan,
  type RunningGateway,
  runGateway,
} from "../gateway-process.ts";
import { runWorkers } from "./workers.ts";

type Plan = ReturnType<typeof gatewayPlan>;

/**
 * Runs a gateway in this process, in this thread or in as many as `[gateway] workers` says, and opens the operator's
 * door where the file wants one: one door, whatever the number of threads.
 */
export async function startGatewayProcess(
  file: unknown,
  ports: GatewayProcessPorts,
): Promise<GatewayProcess> {
  const plan = gatewayPlan(file);
  await using stack = new AsyncDisposableStack();
  const gateway = stack.use(await inThreads(file, plan, ports));
  const admin =
    plan.adminPort === undefined
      ? undefined
      : stack.use(
          await startAdmin({
            port: plan.adminPort,
            view: gateway,
            clock: ports.clock,
            onError: (error) => ports.log.error("the admin door failed", { error: messageOf(error) }),
          }),
        );
  const owned = stack.move();
  return { ...gateway, adminPort: admin?.port, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

async function inThreads(file: unknown, plan: Plan, ports: GatewayProcessPorts): Promise<RunningGateway> {
  if (plan.threads === 1) return runGateway(file, ports);
  // Other systems give a shared port to the first listener alone.
  if (process.platform === "linux") return runWorkers(plan, ports);
  ports.log.warn("threads share a port on Linux only; the gateway runs in one", { workers: plan.threads });
  return runGateway(file, ports);
}
