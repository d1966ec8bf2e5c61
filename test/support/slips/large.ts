import { seededRandom } from "../../../src/kernel/index.ts";
import { asFleet, type Judged, root } from "./judge.ts";

/** Fleets of 100 to 400 lines, as somebody writes them by hand; the same for the same seed. */
export function largeTexts(count: number, seed: number): readonly Judged[] {
  const random = seededRandom(seed);
  const judge = asFleet(`${root}/examples/shop/large.tsk`);
  return Array.from({ length: count }, (_, index) => {
    const text = fleetOf(7 + random.below(20));
    return { name: `fleet ${index + 1} of ${text.split("\n").length} lines`, text, judge };
  });
}

const words = "user order payment stock mail search price review cart label return audit image".split(" ");

function fleetOf(services: number): string {
  const names = Array.from({ length: services }, (_, index) => {
    const word = words[index % words.length] ?? "";
    return index < words.length ? `${word}-service` : `${word}-archive-service`;
  });
  return [
    "# What the shop is made of.",
    ...[
      '[fleet]\nname: "shop"\n',
      "[services]",
      ...names.map((name, index) => serviceOf(name, index, names)),
    ],
    '[gateway]\nport: 8080\ntimeout: "30s"\nmax_connections: 1000\nrate_limit_enabled: true',
    'rate_limit_requests: 100\nrate_limit_window: "1m"\n',
    ...["[routes]", ...names.map(routeOf)],
    '[tracing]\nenabled: true\nsampling_rate: 0.5\nmax_trace_duration: "5m"',
    'jaeger_endpoint: "http://localhost:14268/api/traces"\n',
  ].join("\n");
}

function serviceOf(name: string, index: number, names: readonly string[]): string {
  const needs = [names[(index * 3 + 1) % names.length], names[(index * 5 + 2) % names.length]];
  const after = needs.filter((one) => one !== undefined && names.indexOf(one) > index);
  const lines = [
    `${name}: {`,
    `  version: "1.${index}.0"`,
    `  run: "node services/${["user", "order", "payment"][index % 3]}.ts"`,
    `  port: ${8100 + index}`,
    '  health_endpoint: "/health"',
    `  dependencies: [${[...new Set(["database", ...after])].map((one) => `"${one}"`).join(", ")}]`,
    ...(index % 2 === 0
      ? ["  config: {", `    database: { host: "localhost", port: 5432, database: "${name}" }`, "  }"]
      : ["  instances: 2"]),
    "}\n",
  ];
  return lines.join("\n");
}

function routeOf(name: string, index: number): string {
  const path = `"/api/${name.replace("-service", "")}/*"`;
  if (index % 3 === 0) return `${path}: { service: "${name}", method: "GET", timeout: "10s", retries: 3 }`;
  return `${path}: {\n  service: "${name}",\n  method: "POST",\n  timeout: "30s"\n}`;
}
