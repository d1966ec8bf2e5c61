import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { deployFiles, deployFleetOf } from "../../src/deploy/index.ts";
import { loadFleet } from "../../src/fleet/index.ts";
import { systemClock } from "../../src/kernel/index.ts";
import { tuskerProcess } from "../support/tusker-process.ts";
import { until } from "../support/until.ts";

test("the register script of compose makes services known to our registry, which finds them healthy", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-register-"));
  const service = createServer((_request, response) => response.end("well"));
  try {
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const { port } = service.address() as AddressInfo;
    // In compose the name of a service is its address; here this machine has to stand for it.
    const fleet = {
      ...{
        name: "shop",
        file: "tusker.tsk",
        nodeMajor: 26,
        gateway: { port: 8080, settings: {} },
        metrics: [],
      },
      services: [
        {
          ...{
            name: "localhost",
            version: "1.0.0",
            run: "node a.ts",
            port,
            grpcPort: 9090,
            healthEndpoint: "/health",
          },
          ...{ dependencies: [], environment: {}, configuration: {} },
        },
      ],
    };
    const script = join(folder, "register.mjs");
    const written = deployFiles(fleet).find((file) => file.path === "deploy/register.mjs");
    writeFileSync(script, written?.text ?? "");

    await using registry = tuskerProcess(["registry", "--json", "--port", "0"], { cwd: folder });
    const { registry: url } = await registry.line((line) => typeof line.registry === "string");
    await using register = tuskerProcess([script], {
      command: [process.execPath],
      cwd: folder,
      env: { TUSKER_REGISTRY_URL: String(url), REGISTER_EVERY_MS: "20" },
    });
    const found = await firstPassing(`${url}/v1/health/service/localhost?passing`);
    assert.partialDeepStrictEqual(found, {
      Service: { ID: "localhost-001", Port: port, Meta: { version: "1.0.0", grpc_port: "9090" } },
    });
    // Forgotten, as after a restart of the registry: the script says it again.
    await fetch(`${url}/v1/agent/service/deregister/localhost-001`, { method: "PUT" });
    await firstPassing(`${url}/v1/health/service/localhost?passing`);
    // It says so when it has the answer, which is later than that others see it.
    await until("both to be told", () => register.noise.length >= 2 || undefined);
    assert.deepEqual(register.noise, ["localhost-001: registered", "localhost-001: registered"]);
  } finally {
    service.close();
    rmSync(folder, { recursive: true });
  }
});

test("the gateway runs from the settings of its container, without the fleet file and its secrets", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-gateway-"));
  const service = createServer((request, response) => response.end(`asked for ${request.url}`));
  try {
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const { port } = service.address() as AddressInfo;
    writeFileSync(join(folder, "a.mjs"), "");
    // The name of a service is the host of its container; here this machine stands for it.
    writeFileSync(
      join(folder, "tusker.tsk"),
      `[service_discovery]
enabled: false
[services]
localhost: { run: "node a.mjs", port: ${port}, config: { key: @env.secure("DEPLOY_E2E_KEY", "k") } }
[routes]
"/there/*": { service: "localhost", strip_prefix: "/there" }
`,
    );
    const { settings, document } = loadFleet(join(folder, "tusker.tsk"), { env: {} });
    assert.ok(settings !== undefined);
    const files = deployFiles(deployFleetOf(settings, document, "tusker.tsk"));
    const written = files.find((file) => file.path === "deploy/gateway.json")?.text ?? "";
    rmSync(join(folder, "tusker.tsk"));
    writeFileSync(
      join(folder, "gateway.json"),
      written.replace('"bind": "0.0.0.0"', '"bind": "127.0.0.1", "port": 0'),
    );
    await using gateway = tuskerProcess(["gateway", "--json", "--settings", "gateway.json"], { cwd: folder });
    const { gateway: url } = await gateway.line((line) => typeof line.gateway === "string");
    const answer = await fetch(`${url}/there/is/a/way`);
    assert.deepEqual([answer.status, await answer.text()], [200, "asked for /is/a/way"]);
  } finally {
    service.close();
    rmSync(folder, { recursive: true });
  }
});

/** Asks with Consul's blocking queries until there is an instance. */
async function firstPassing(url: string): Promise<unknown> {
  const endMs = systemClock.now() + 60_000;
  for (let index = "0"; systemClock.now() < endMs; ) {
    const answer = await fetch(`${url}&index=${index}&wait=1s`);
    index = answer.headers.get("x-consul-index") ?? "0";
    const list = await answer.json();
    const first: unknown = Array.isArray(list) ? list[0] : undefined;
    if (first !== undefined) return first;
  }
  throw new Error(`nothing passed at ${url}`);
}
