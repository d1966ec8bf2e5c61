import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { messageOf, Secret, TuskerError } from "../kernel/index.ts";
import type { AclSettings } from "../registry/index.ts";
import type { Args, Io } from "./command.ts";

const rules = z.record(z.string(), z.enum(["deny", "read", "write"]));
const allowed = {
  key: rules.optional(),
  service: rules.optional(),
  node: rules.optional(),
  session: rules.optional(),
  event: rules.optional(),
  agent: rules.optional(),
};

const tokensFile = z.strictObject({
  anonymous: z.strictObject(allowed).optional(),
  tokens: z.record(
    z.string(),
    z.strictObject({
      secret: z
        .string()
        .min(1)
        .transform((text) => new Secret(text)),
      management: z.boolean().optional(),
      ...allowed,
    }),
  ),
});

/**
 * `--tokens FILE`: the same words as `[service_discovery] acl`, with the secrets in it. A file others may read is
 * refused: they could show what is in it.
 *
 * @throws TuskerError CLI_USAGE
 */
export function aclOption(args: Args, io: Io): { readonly acl?: AclSettings } {
  const given = args.text("tokens");
  if (given === undefined) return {};
  const path = resolve(io.cwd, given);
  const found = tokensFile.safeParse(readJson(path));
  if (found.success) return { acl: found.data };
  const [issue] = found.error.issues;
  throw wrong(`${path}: ${issue?.path.join(".")}: ${issue?.message}`);
}

function readJson(path: string): unknown {
  try {
    const others = statSync(path).mode & 0o077;
    if (others !== 0) throw new Error(`others may read it; set its mode with: chmod 600 ${path}`);
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    // What JSON.parse says quotes the text, and there are secrets in it.
    const why = error instanceof SyntaxError ? "it is no JSON" : messageOf(error);
    throw wrong(`${path} cannot be used: ${why}`);
  }
}

function wrong(why: string): TuskerError {
  return new TuskerError("CLI_USAGE", `--tokens ${why}`);
}
