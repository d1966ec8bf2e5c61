import {
  type GatewayProcess,
  type GatewayProcessPorts,
  gatewayPlan,
  runGateway,
} from "../gateway-process.ts";
import { runWorkers } from "./workers.ts";

/** Runs a gateway in this process: in this thread, or in as many as `[gateway] workers` says. */
export async function startGatewayProcess(
  file: unknown,
  ports: GatewayProcessPorts,
): Promise<GatewayProcess> {
  const plan = gatewayPlan(file);
  if (plan.threads === 1) return runGateway(file, ports);
  // Other systems give a shared port to the first listener alone.
  if (process.platform === "linux") return runWorkers(plan, ports);
  ports.log.warn("threads share a port on Linux only; the gateway runs in one", { workers: plan.threads });
  return runGateway(file, ports);
}
