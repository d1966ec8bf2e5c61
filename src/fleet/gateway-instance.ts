import { inherited, writeGatewayConfig } from "./child-config.ts";
import type { FleetSettings } from "./file/settings.ts";
import { instanceListener } from "./instance-listener.ts";
import { binPath, nodeFlags } from "./self.ts";
import type { GroupPorts } from "./service-group.ts";
import { Instance } from "./supervise/instance.ts";

/** The gateway as a process of its own, supervised like a service. */
export interface GatewayInstance {
  readonly instance: Instance;
  /** Resolves once it knew an endpoint of every service its routes name: it listens long before. */
  readonly reachable: Promise<void>;
}

/** Decision 0042: a gateway keeps nothing, so that a large young generation would only be memory. */
const smallYoung = "--max-semi-space-size=2";

/** Makes it, not started yet. */
export function gatewayInstance(settings: FleetSettings, ports: GroupPorts): GatewayInstance {
  const { events } = ports;
  const id = "gateway";
  const config = writeGatewayConfig(settings, ports.addresses);
  const reachable = Promise.withResolvers<void>();
  const spec = {
    id,
    service: id,
    command: {
      file: process.execPath,
      args: [...nodeFlags, smallYoung, binPath, "gateway", "--settings", config],
      node: true,
    },
    cwd: settings.root,
    prepare: async () => ({ env: inherited(settings), port: settings.sections.gateway.port }),
    onMessage: (type: string) => {
      if (type === "tusker:reachable") reachable.resolve();
    },
    startTimeoutMs: settings.startTimeoutMs,
    stopTimeoutMs: settings.stopTimeoutMs,
  };
  const listener = instanceListener(ports, id, id, {
    ready: async ({ port, pid, tookMs }) =>
      events.emit({ type: "ready", service: id, instance: id, port, pid, tookMs, waitedFor: [] }),
    gone: async () => {},
  });
  return { instance: new Instance(spec, { ...ports, listener }), reachable: reachable.promise };
}
