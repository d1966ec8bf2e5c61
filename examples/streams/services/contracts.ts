import { contract } from "tusker/rpc";
import { z } from "zod";

export const Reading = z.object({ sensor: z.string(), celsius: z.number() });

export const Sensors = contract(
  "sensor-service",
  {
    /** One message each way: over REST and gRPC. */
    latest: {
      http: "GET /sensors/{sensor}",
      in: z.object({ sensor: z.string() }),
      out: Reading,
      errors: { NOT_FOUND: 404 },
    },
    /** Many in, one out. */
    record: { stream: "in", in: Reading, out: z.object({ count: z.int(), highest: z.number() }) },
    /** One in, many out: what is known, then what comes, until nobody listens any more. */
    follow: { stream: "out", in: z.object({ sensor: z.string() }), out: Reading },
    /** Many both ways, each at its own time. */
    toFahrenheit: {
      stream: "both",
      in: Reading,
      out: z.object({ sensor: z.string(), fahrenheit: z.number() }),
    },
  },
  { protocol: "grpc" },
);

export const Reports = contract("report-service", {
  tour: {
    http: "GET /tour",
    in: z.object({}),
    out: z.object({
      recorded: z.object({ count: z.int(), highest: z.number() }),
      followed: z.array(z.number()),
      converted: z.array(z.number()),
      latest: z.number(),
    }),
  },
});

export type Reading = z.output<typeof Reading>;
