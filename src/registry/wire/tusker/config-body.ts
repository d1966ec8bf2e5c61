/** What publications and rollbacks look like. Loaded with the first of them. */
import { z } from "zod";

const author = z.string().trim().min(1, "must say who").max(200);
const reason = z.string().trim().min(1, "must say why").max(2_000);
const keyName = z.string().min(1).max(1_024);

export const publication = z.strictObject({
  author,
  reason,
  steps: z
    .array(
      z.strictObject({
        key: keyName,
        value: z.base64().nullable(),
        ifVersion: z.union([z.number().int().min(1), z.literal("absent")]).optional(),
      }),
    )
    .min(1)
    .max(1_000)
    .refine((steps) => new Set(steps.map(({ key }) => key)).size === steps.length, "name each key once"),
  dryRun: z.boolean().default(false),
});

export const rollbackOrder = z
  .strictObject({
    author,
    reason,
    key: keyName.optional(),
    prefix: keyName.optional(),
    to: z.number().int().min(1),
    dryRun: z.boolean().default(false),
  })
  .refine(({ key, prefix }) => (key === undefined) !== (prefix === undefined), "name a key or a prefix");
