import { z } from "zod";
import { durationMs } from "../kernel/section.ts";
import { aclSection, ownToken } from "./acl-section.ts";

/** The longest a registry on this wire holds a question open; it cuts a longer wait down to this. */
const longestWaitMs = 600_000;

/** What stands behind a registry is chosen by the scheme of its address. */
function registryUrl(): z.ZodType<string, string> {
  return z
    .string()
    .meta({ title: "address", format: "uri" })
    .refine(
      (text) => /^(?:https?|etcds?):\/\/[^/\s]+/.test(text) && URL.canParse(text),
      "must be an http://, https://, etcd:// or etcds:// address",
    );
}

/** `[service_discovery]`: whether and where instances are looked up. */
export const serviceDiscoverySection = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe("False: no registry; endpoints are the ports written in the file."),
  registry_url: registryUrl()
    .default("http://localhost:8500")
    .describe(
      "A registry that is started here when nothing listens there, and used when one does: ours or a Consul. etcd://host:2379 (or etcds://) is an etcd.",
    ),
  dns_port: z
    .int()
    .min(0)
    .max(65_535)
    .default(8600)
    .describe(
      "Port on which a registry that is started here answers DNS, on UDP and TCP. 0: no DNS. One that is taken is told, and no failure.",
    ),
  script_checks: z
    .boolean("must be true or false")
    .default(false)
    .describe(
      "Takes script checks in a registry that is started here: whoever may register an instance there may then run any program as this user.",
    ),
  token: ownToken.describe(
    "Shown to a registry that is there already: its token for this fleet, `user:password` for an etcd. Only a secret may give it.",
  ),
  acl: aclSection
    .optional()
    .describe(
      "Who may do what in a registry that is started here. Absent: everybody who reaches its port may do everything.",
    ),
  update_interval: durationMs()
    .refine((ms) => ms >= 1_000 && ms <= longestWaitMs, 'must be between "1s" and "10m"')
    .prefault("30s")
    .describe(
      "Upper bound for a re-read: how long one question to the registry stays open. Changes arrive at once anyway.",
    ),
});

/** What the room receives: `update_interval` in milliseconds. */
export type ServiceDiscoverySettings = z.output<typeof serviceDiscoverySection>;
