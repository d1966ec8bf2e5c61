import { registryDiscovery } from "../../discovery/index.ts";
import { Secret, systemClock, systemRandom, TuskerError } from "../../kernel/index.ts";
import { authority, httpClient } from "../../net/index.ts";
import type { Args, Io, Run } from "../command.ts";
import { runningFleet } from "../fleet-file.ts";

/** Calls a service directly, past the gateway, at an instance discovery names. */
export const run: Run = async (args, io) => {
  const [service, ...rest] = args.positionals;
  const [method, path] =
    rest.length === 2
      ? [rest[0] ?? "GET", rest[1]]
      : [args.text("data") === undefined ? "GET" : "POST", rest[0]];
  if (service === undefined || path === undefined || !path.startsWith("/")) {
    throw new TuskerError(
      "CLI_USAGE",
      "call needs a service and a path, for example `tusker call user-service /users/123`",
    );
  }
  const { registry, registryToken } = runningFleet(args, io);
  if (registry === undefined)
    throw new TuskerError("DISCOVERY_NO_ENDPOINT", "this fleet runs without a registry");
  await using http = httpClient();
  await using discovery = registryDiscovery({
    url: registry,
    http,
    token: registryToken === undefined ? undefined : new Secret(registryToken),
    clock: systemClock,
    random: systemRandom,
    log: silent,
  });
  const [endpoint] = (await discovery.lookup(service)).endpoints;
  if (endpoint === undefined)
    throw new TuskerError(
      "DISCOVERY_NO_ENDPOINT",
      `${service} has no healthy instance; \`tusker ps\` shows its state`,
    );
  return await ask(
    http,
    { method: method.toUpperCase(), url: `http://${authority(endpoint.host, endpoint.port)}${path}` },
    args,
    io,
  );
};

async function ask(
  http: ReturnType<typeof httpClient>,
  to: { method: string; url: string },
  args: Args,
  io: Io,
): Promise<number> {
  const data = args.text("data");
  const answer = await http.request({
    ...to,
    ...(data === undefined ? {} : { body: data, headers: ["Content-Type", "application/json"] }),
  });
  const body = await answer.text(64 * 1024 * 1024);
  if (args.flag("json"))
    io.out(`${JSON.stringify({ status: answer.status, headers: answer.headers, body })}\n`);
  else io.out(`${body}\n`);
  if (answer.status >= 400 && !args.flag("json"))
    io.err(`${to.method} ${to.url} answered ${answer.status}\n`);
  return answer.status < 400 ? 0 : 1;
}

const silent = { info() {}, warn() {} };
