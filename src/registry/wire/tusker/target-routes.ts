import { authority } from "../../../net/index.ts";
import type { ServiceRow } from "../../state/model.ts";
import type { Tables } from "../../state/tables.ts";
import { tagFilterOf } from "../parameters.ts";
import { json, type Route, settled, type Wire } from "../route.ts";
import { worstOf } from "../rows.ts";

/**
 * `/v1/tusker/http_sd`: the instances as Prometheus asks for them
 * (https://prometheus.io/docs/prometheus/latest/http_sd/). Every instance is listed, also one that is not well: what
 * fails is what one wants to see.
 */
export function targetRoutes({ store }: Wire): readonly Route[] {
  const { tables } = store;
  return [
    {
      verb: "GET",
      path: "/v1/tusker/http_sd",
      guard: "inside",
      run: settled(store, ({ query, access }) => {
        const wanted = query.getAll("service");
        const all = wanted.length > 0 ? wanted : tables.listing().map(([name]) => name);
        const names = all.filter((name) => access.can("service", name, "read"));
        const hasTags = tagFilterOf(query);
        const rows = names.flatMap((name) => tables.instances(name)).filter((row) => hasTags(row.tags));
        return json(rows.map((row) => group(tables, row)));
      }),
    },
  ];
}

function group(tables: Tables, row: ServiceRow): object {
  const host = row.address || (tables.node(row.node)?.row.address ?? "");
  return {
    targets: [authority(host, row.port)],
    labels: {
      service: row.name,
      instance_id: row.id,
      __meta_tusker_node: row.node,
      __meta_tusker_status: worstOf(tables.checksOver(row)),
      // Commas on both sides, as Prometheus writes lists: one pattern then finds a tag wherever it stands.
      __meta_tusker_tags: row.tags.length === 0 ? "" : `,${row.tags.join(",")},`,
      ...Object.fromEntries(
        Object.entries(row.meta ?? {}).map(([key, value]) => [`__meta_tusker_meta_${labelName(key)}`, value]),
      ),
    },
  };
}

/** Prometheus names: letters, digits and underscores. */
function labelName(key: string): string {
  return key.replaceAll(/\W/g, "_");
}
