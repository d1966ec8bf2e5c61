import { systemClock } from "../../../src/kernel/index.ts";
import { client, serve } from "../../../src/rpc/index.ts";
import { createLogger, createTracer, ratioSampler } from "../../../src/telemetry/index.ts";
import { type Stack, timeoutMs } from "../stack.ts";
import { Users } from "./contract.ts";

// The whole of it: validation on both sides, spans, deadline, retry budget, breaker, balancing.

const parts = {
  tracer: createTracer({
    service: "bench",
    sampler: ratioSampler(0),
    sink: { accept: () => undefined },
    clock: systemClock,
  }),
  log: createLogger({ service: "bench", write: () => undefined, clock: systemClock }),
  discovery: undefined,
  lockFile: undefined,
};

export const stack: Stack = {
  async serve() {
    const server = await serve(Users, { echo: (user) => user }, { port: 0, grpcPort: 0, parts });
    return server.grpcPort ?? 0;
  },
  async connect(port) {
    const users = client(Users, { protocol: "grpc", url: `http://127.0.0.1:${port}`, parts });
    return {
      call: (user) => users.echo(user, { timeoutMs: timeoutMs() }),
      close: async () => users[Symbol.asyncDispose](),
    };
  },
};
