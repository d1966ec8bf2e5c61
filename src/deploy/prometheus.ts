import type { DeployFile, DeployFleet } from "./fleet.ts";
import { generatedFrom } from "./generated.ts";
import { toYaml } from "./yaml.ts";

/** Scrape configuration: one job per target, labelled with the fleet. */
export function prometheusFile(fleet: DeployFleet): DeployFile {
  const config = {
    global: { scrape_interval: "15s" },
    scrape_configs: fleet.metrics.map(({ job, address, path }) => ({
      job_name: job,
      metrics_path: path ?? "/metrics",
      static_configs: [{ targets: [address], labels: { fleet: fleet.name } }],
    })),
  };
  return { path: "deploy/prometheus.yml", text: `${generatedFrom(fleet.file)}${toYaml(config)}` };
}
