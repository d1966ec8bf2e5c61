import type { DeployFile, DeployFleet } from "./fleet.ts";
import { generatedText } from "./generated.ts";

/**
 * What the gateway's container runs from. It needs no fleet file, so it needs no overlay and none of the secrets of
 * the services. JSON has no comments: the member "//" is one, and whoever reads the settings passes over it.
 */
export function gatewayFileOf({ file, gateway }: DeployFleet): DeployFile {
  const text = JSON.stringify({ "//": generatedText(file), ...gateway.settings }, undefined, 2);
  return { path: gatewayPath, text: `${text}\n` };
}

export const gatewayPath = "deploy/gateway.json";
