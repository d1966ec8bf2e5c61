/** Greets, and says in which words. Any program that speaks HTTP can stand behind the gateway. */
import { createServer } from "node:http";

const greeting = process.env.GREETING ?? "Hello";

createServer((request, response) => {
  const name = decodeURIComponent(request.url?.split("/").at(-1) ?? "");
  const consumer = request.headers["x-tusker-consumer"];
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ text: `${greeting}, ${name}!`, consumer }));
}).listen(Number(process.env.PORT), "127.0.0.1");
