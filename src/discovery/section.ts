import { z } from "zod";
import { durationMs, httpUrl } from "../kernel/index.ts";

/** The longest a registry on this wire holds a question open; it cuts a longer wait down to this. */
const longestWaitMs = 600_000;

/** `[service_discovery]`: whether and where instances are looked up. */
export const serviceDiscoverySection = z.strictObject({
  /** false: no registry; endpoints are the ports written in the file. */
  enabled: z.boolean().default(true),
  /** A registry that is started here when nothing listens there, and used when one does. */
  registry_url: httpUrl().default("http://localhost:8500"),
  /** Upper bound for a re-read: how long one question to the registry stays open. Changes arrive at once anyway. */
  update_interval: durationMs()
    .refine((ms) => ms >= 1_000 && ms <= longestWaitMs, 'must be between "1s" and "10m"')
    .default(30_000),
});

/** What the room receives: `update_interval` in milliseconds. */
export type ServiceDiscoverySettings = z.output<typeof serviceDiscoverySection>;
