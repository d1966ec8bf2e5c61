/** Answers every seventh request of its own with 503, as a service does whose database is at its limit. */
import { createServer } from "node:http";

let requests = 0;

createServer((request, response) => {
  response.setHeader("Content-Type", "application/json");
  if (request.url === "/health") return response.end("{}");
  requests++;
  if (requests % 7 === 0) response.statusCode = 503;
  response.end(JSON.stringify({ attempt: Number(request.headers["x-tusker-attempt"] ?? 1) }));
}).listen(Number(process.env.PORT), "127.0.0.1");
