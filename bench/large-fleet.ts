/** A fleet of many services as text of the language: what a generator or a large team writes. */
export function largeFleet(services: number): string {
  const indices = Array.from({ length: services }, (_, index) => index);
  return [
    '$region: "eu"\n[fleet]\nname: "large"\n[services]',
    ...indices.map(service),
    "[gateway]\nport: 8080\nmax_body: 10MiB\ntimeout: 30s\n[routes]",
    ...indices.map(
      (index) =>
        `"/api/${name(index)}/*": { service: "${name(index)}", method: "GET", timeout: 10s, retries: 3 }`,
    ),
    "[grpc]\nenabled: false\n",
  ].join("\n");
}

/** Path of the program of a service, beside the fleet file. */
export function serviceFile(index: number): string {
  return `services/${name(index)}.ts`;
}

function service(index: number): string {
  const needs = index === 0 ? "" : `, "${name((index - 1) >> 1)}"`;
  return `${name(index)}: {
  version: "1.${index % 10}.0"
  run: "node ${serviceFile(index)}" # started by the supervisor
  port: ${index + 10_000}
  health_endpoint: "/health"
  dependencies: ["database"${needs}]
  config: {
    database: { host: "db-${index % 7}.internal", port: 5432, pool: ${5 + (index % 20)}, timeout: 5s }
    features: ["search", "export", "audit"]
    greeting: "hello from \${$region}"
    token: @env.secure("TOKEN_${index}", "none")
  }
}`;
}

function name(index: number): string {
  return `svc-${String(index).padStart(4, "0")}`;
}
