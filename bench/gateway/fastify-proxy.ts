/** `node fastify-proxy.ts <port> <origin>`: the proxy most Node services would reach for, as its page sets it up. */
import proxy from "@fastify/http-proxy";
import fastify from "fastify";

const [port, upstream = ""] = process.argv.slice(2);
const app = fastify({ logger: false });
await app.register(proxy, { upstream });
await app.listen({ port: Number(port), host: "127.0.0.1" });
