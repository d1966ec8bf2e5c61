import fastify from "fastify";
import { Pool } from "undici";
import { type Stack, timeoutMs, traceparent, type User } from "../stack.ts";

const user = {
  type: "object",
  properties: {
    id: { type: "string" },
    name: { type: "string" },
    email: { type: "string" },
    age: { type: "integer" },
    city: { type: "string" },
  },
};

export const stack: Stack = {
  async serve() {
    const server = fastify();
    server.post("/echo", { schema: { body: user, response: { 200: user } } }, async ({ body }) => body);
    await server.listen({ host: "127.0.0.1", port: 0 });
    const [address] = server.addresses();
    if (typeof address !== "object") throw new Error("fastify listens nowhere");
    return address.port;
  },
  async connect(port) {
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 64 });
    return {
      async call(sent) {
        const { body } = await pool.request({
          method: "POST",
          path: "/echo",
          headers: {
            "content-type": "application/json",
            traceparent: traceparent(),
            "x-request-deadline": String(timeoutMs()),
          },
          body: JSON.stringify(sent),
        });
        const back: unknown = await body.json();
        return back as User;
      },
      close: () => pool.close(),
    };
  },
};
