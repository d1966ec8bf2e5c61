import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FleetSettings } from "../fleet/index.ts";
import { leftOut } from "./gateway-settings.ts";

/** What whoever deploys should know and no file can say, one sentence each. Looks into the folder of the fleet. */
export function deployNotices(settings: FleetSettings): readonly string[] {
  return [...missingPackage(settings.root), ...spansThatStay(settings), ...registryThatStays(settings)];
}

/** The image is built with `npm ci` and runs the `tusker` it brings. */
function missingPackage(folder: string): readonly string[] {
  const path = join(folder, "package.json");
  if (!existsSync(path)) {
    return [
      `there is no package.json in ${folder}, so the image cannot be built; \`npm init -y && npm install tusker\` writes one`,
    ];
  }
  const notices: string[] = [];
  if (!existsSync(join(folder, "package-lock.json")))
    notices.push(
      `there is no package-lock.json in ${folder}, which \`npm ci\` in the image needs; \`npm install\` writes one`,
    );
  if (!dependsOnTusker(readFileSync(path, "utf8")))
    notices.push(
      `${path} does not depend on tusker, so the image would not have it; \`npm install tusker\` adds it`,
    );
  return notices;
}

function dependsOnTusker(text: string): boolean {
  try {
    const { name, dependencies }: { name?: unknown; dependencies?: unknown } = JSON.parse(text);
    if (name === "tusker") return true;
    return typeof dependencies === "object" && dependencies !== null && "tusker" in dependencies;
  } catch {
    // npm will say what is wrong with it.
    return true;
  }
}

/** On one machine the supervisor passes spans on; the collector of a container keeps them. */
function spansThatStay({ sections }: FleetSettings): readonly string[] {
  const { tracing } = sections;
  if (!tracing.enabled || !tracing.export_traces) return [];
  return (["otlp_endpoint", "zipkin_endpoint", "jaeger_endpoint"] as const).flatMap((key) => {
    const address = tracing[key];
    if (address === undefined) return [];
    return leftOut(address)
      ? [`tracing.${key} ${address} is left out: inside a container that is the container itself`]
      : [`spans stay in the container collector: nothing there passes them on to tracing.${key} ${address}`];
  });
}

/** Containers have a registry beside them; one that is somewhere else, or something else, is not used. */
function registryThatStays({ sections }: FleetSettings): readonly string[] {
  const { enabled, registry_url: url } = sections.service_discovery;
  if (!enabled || (leftOut(url) && url.startsWith("http"))) return [];
  return [`the containers use a registry container of their own, not service_discovery.registry_url ${url}`];
}
