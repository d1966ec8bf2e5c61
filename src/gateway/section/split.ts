import { z } from "zod";
import { count } from "../../kernel/section.ts";
import { serviceName, serviceTarget } from "./words.ts";

const weight = count({ max: 1_000_000 });

const share = z.strictObject({
  service: serviceTarget.describe(
    "Name of a service of the fleet, or `@service` for those of its instances that bear a tag.",
  ),
  weight: weight.describe("Its part of the requests, of the sum of all weights."),
});

type Share = z.output<typeof share>;

/** Services and their weights, by name; a list where some of them are `@service`, which is no key. The room gets names. */
export const splitShape = z.union([
  z.record(serviceName, weight),
  z
    .array(share)
    .min(1, "must hold at least one")
    .transform((shares, ctx): Record<string, number> => {
      for (const index of repeated(shares))
        ctx.addIssue({
          code: "custom",
          path: [index, "service"],
          message: "must not be named twice: write one weight",
        });
      return Object.fromEntries(shares.map((one) => [one.service, one.weight]));
    }),
]);

function repeated(shares: readonly Share[]): readonly number[] {
  return shares.flatMap(({ service }, index) =>
    shares.findIndex((one) => one.service === service) < index ? [index] : [],
  );
}
