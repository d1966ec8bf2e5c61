import { z } from "zod";
import { Secret } from "../kernel/index.ts";

/** A value only a secret may give: it is not written in the file, and it is not printed. */
const secret = z.custom<Secret>(
  (value) => value instanceof Secret && typeof value.reveal() === "string" && value.reveal() !== "",
  { error: 'must be a secret, for example @env.secure("REGISTRY_TOKEN")' },
);

const rules = z.record(z.string(), z.enum(["deny", "read", "write"]));

const allowed = {
  key: rules.optional().describe("Keys; `app/*` is every key that begins so, `*` every key."),
  service: rules.optional().describe("Services, by name."),
  node: rules.optional().describe("Nodes, by name."),
  session: rules.optional().describe("Sessions, by the name of their node."),
  event: rules.optional().describe("Events, by name."),
  agent: rules.optional().describe("What a registry says of itself, by the name of its node."),
};

/** `[service_discovery] acl`: its presence turns the rules on. */
export const aclSection = z.strictObject({
  anonymous: z
    .strictObject(allowed)
    .default({})
    .describe("For who shows no token, and for DNS, which has none."),
  tokens: z
    .record(
      z.string(),
      z.strictObject({
        secret: secret.describe("What is shown; only a secret may give it."),
        management: z.boolean().default(false).describe("Everything is allowed."),
        ...allowed,
      }),
    )
    .default({})
    .describe("Tokens by name, with what each allows. What nothing allows is denied."),
});

/** The token this fleet shows to a registry that it did not start. */
export const ownToken = secret.optional();
