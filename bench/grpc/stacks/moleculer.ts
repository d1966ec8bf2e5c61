import { ServiceBroker, Transporters } from "moleculer";
import { type Stack, timeoutMs, traceparent, type User } from "../stack.ts";

const brokerOf = (nodeID: string, where: { port?: number; urls?: string }): ServiceBroker =>
  new ServiceBroker({
    nodeID,
    logger: false,
    transporter: new Transporters.TCP({ udpDiscovery: false, useHostname: false, ...where }),
  });

export const stack: Stack = {
  async serve() {
    // Moleculer is told where the others are, so the port must be known before.
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const broker = brokerOf("server", { port });
    broker.createService({ name: "bench", actions: { echo: (ctx: { params: User }) => ctx.params } });
    await broker.start();
    return port;
  },
  async connect(port) {
    const broker = brokerOf("client", { urls: `127.0.0.1:${port}/server` });
    await broker.start();
    await broker.waitForServices("bench");
    return {
      call: (user) =>
        broker.call<User, User>("bench.echo", user, {
          timeout: timeoutMs(),
          meta: { traceparent: traceparent() },
        }),
      close: async () => broker.stop(),
    };
  },
};
