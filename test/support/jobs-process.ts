/** Serves `Jobs` until the process ends; tells its ports over the channel of `fork`. */
import { serve } from "../../src/rpc/index.ts";
import { Jobs } from "./jobs.ts";

const { port, grpcPort } = await serve(Jobs, { work: ({ n }) => ({ n }) }, { port: 0, grpcPort: 0 });
process.send?.({ port, grpcPort });
