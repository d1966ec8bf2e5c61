import { minDeregisterMs } from "../check-body.ts";
import { decodeBody, duration, fields } from "../decode.ts";
import { demandService } from "../guard.ts";
import { named } from "../health-routes.ts";
import { refusal } from "../refusal.ts";
import type { Route, Wire } from "../route.ts";

const readBody = fields<{ DeregisterCriticalServiceAfter: number }>(
  { DeregisterCriticalServiceAfter: duration },
  { deregister_critical_service_after: "DeregisterCriticalServiceAfter" },
);

/**
 * `PUT /v1/tusker/lease/:service-id`: the answer does not end. As long as its connection is open a check of the
 * instance, `lease:<id>`, passes; when the connection goes it is critical at once.
 */
export function leaseRoutes({ leases, store, identity }: Wire): readonly Route[] {
  return [
    {
      verb: "PUT",
      path: "/v1/tusker/lease/",
      guard: "inside",
      async run(request) {
        const id = named(request, "Missing service ID");
        const row = store.tables.service(identity.node, id);
        if (row !== undefined) demandService(request.access, row.name);
        const written = await request.body();
        const body = written === "" ? {} : decodeBody(written, readBody);
        const afterMs = body.DeregisterCriticalServiceAfter ?? 0;
        const reapMs = afterMs > 0 ? Math.max(minDeregisterMs, afterMs) : 0;
        const stream = await leases.open(id, reapMs, request.signal);
        if (stream === undefined) throw refusal(429, "Too many leases are held; ask again in a moment");
        return {
          status: 200,
          headers: ["Cache-Control", "no-store"],
          content: { kind: "stream", stream, type: "application/x-ndjson" },
        };
      },
    },
  ];
}
