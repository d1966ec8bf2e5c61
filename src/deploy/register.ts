import { type DeployFile, type DeployFleet, type DeployService, deployAddresses } from "./fleet.ts";
import { generatedFrom } from "./generated.ts";

/**
 * A script that makes the services known to the registry over Consul's wire, and again whenever the registry has
 * forgotten them. On one machine the supervisor does this; containers have none.
 */
export function registerScript(fleet: DeployFleet): DeployFile {
  const instances = fleet.services.map(registration);
  const text = `${generatedFrom(fleet.file, "//")}import { setTimeout as sleep } from "node:timers/promises";

const registry = process.env.TUSKER_REGISTRY_URL ?? ${JSON.stringify(deployAddresses.registry)};
const everyMs = Number(process.env.REGISTER_EVERY_MS ?? 5000);
const instances = ${JSON.stringify(instances, undefined, 2)};

for (;;) {
  for (const instance of instances) {
    try {
      // Known already: registering anew would begin its checks anew.
      const known = await fetch(\`\${registry}/v1/agent/service/\${instance.ID}\`);
      await known.body?.cancel();
      if (known.ok) continue;
      const answer = await fetch(\`\${registry}/v1/agent/service/register\`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(instance),
      });
      console.log(\`\${instance.ID}: \${answer.ok ? "registered" : \`refused, \${await answer.text()}\`}\`);
    } catch (error) {
      console.error(\`\${instance.ID}: \${error.cause?.message ?? error.message}\`);
    }
  }
  await sleep(everyMs);
}
`;
  return { path: "deploy/register.mjs", text };
}

/** The body of Consul's /v1/agent/service/register. */
function registration({ name, version, port, grpcPort, healthEndpoint }: DeployService): object {
  return {
    ID: `${name}-001`,
    Name: name,
    Address: name,
    Port: port,
    Meta: { version, ...(grpcPort === undefined ? {} : { grpc_port: String(grpcPort) }) },
    Check: { HTTP: `http://${name}:${port}${healthEndpoint}`, Interval: "2s", Timeout: "1s" },
  };
}
