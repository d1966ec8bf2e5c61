import { z } from "zod";
import { contract } from "../../../src/rpc/index.ts";

/** The echo as a contract: both stacks of ours take their messages from it. */
export const Users = contract("bench-service", {
  echo: {
    http: "POST /echo",
    in: z.object({ id: z.string(), name: z.string(), email: z.string(), age: z.int(), city: z.string() }),
    out: z.object({ id: z.string(), name: z.string(), email: z.string(), age: z.int(), city: z.string() }),
  },
});
