import { requestBytes } from "../load/http-load.ts";

/** An instance with a TTL check that passes, as a service registers itself. */
export function registerRequest(service: string, id: string, n: number): Buffer {
  return requestBytes("PUT", "/v1/agent/service/register", {
    ID: id,
    Name: service,
    Address: `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`,
    Port: 8_000 + (n % 1_000),
    Tags: ["v1", "primary"],
    Meta: { version: "1.0.0", zone: "a" },
    Check: { TTL: "60s", Status: "passing" },
  });
}

export function lookupRequest(service: string, query: string = "passing"): Buffer {
  return requestBytes("GET", `/v1/health/service/${service}?${query}`);
}

export function beatRequest(id: string): Buffer {
  return requestBytes("PUT", `/v1/agent/check/pass/service:${id}`);
}
