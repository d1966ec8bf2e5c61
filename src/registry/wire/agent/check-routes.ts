import type { Access } from "../../acl/access.ts";
import { aliveCheckId } from "../../agent.ts";
import { shapes } from "../../filter/shapes.ts";
import type { CheckStatus } from "../../state/model.ts";
import { type CheckBody, checkAliases, checkFields, statusOf, toLocalCheck } from "../check-body.ts";
import { decodeBody, fields, onlyOne, text } from "../decode.ts";
import { demandOwner } from "../guard.ts";
import { filterOf } from "../parameters.ts";
import { refusal } from "../refusal.ts";
import { done, json, type Route, settled, type Wire } from "../route.ts";
import { agentCheckJson } from "../rows.ts";

interface CheckRegistration extends CheckBody {
  ID: string;
  ServiceID: string;
  Token: string;
  Namespace: string;
  Partition: string;
}

const readRegistration = fields<CheckRegistration>(
  { ...checkFields, ID: text, ServiceID: text, Token: text, Namespace: onlyOne, Partition: onlyOne },
  { ...checkAliases, service_id: "ServiceID" },
);

const readUpdate = fields<{ Status: string; Output: string }>({ Status: text, Output: text });

/** `/v1/agent/check…`: the checks of this node, and what instances say of themselves. */
export function agentCheckRoutes({ store, agent, identity, checkRules }: Wire): readonly Route[] {
  // One that is not there is for the agent to tell.
  const mayChange = (access: Access, id: string): void => {
    const check = store.tables.check(identity.node, id);
    if (check !== undefined) demandOwner(access, store.tables, identity.node, check.serviceId);
  };
  const report = (path: string, status: CheckStatus): Route => ({
    verb: "PUT",
    path: `/v1/agent/check/${path}/`,
    guard: "inside",
    async run({ rest, query, access }) {
      mayChange(access, rest);
      await agent.reportTtl(rest, status, query.get("note") ?? "");
      return done;
    },
  });
  return [
    {
      verb: "GET",
      path: "/v1/agent/checks",
      guard: "inside",
      filters: true,
      run: settled(store, ({ query, access }) => {
        const wanted = filterOf(query, shapes.check, "");
        const rows = [...(store.tables.node(identity.node)?.checks.values() ?? [])]
          // Nobody registered it with the agent: it is how others see the agent.
          .filter((row) => row.id !== aliveCheckId && wanted(agentCheckJson(row)))
          .filter(({ serviceName }) =>
            serviceName === ""
              ? access.can("node", identity.node, "read")
              : access.can("service", serviceName, "read"),
          )
          .sort((a, b) => (a.id < b.id ? -1 : 1));
        return json(Object.fromEntries(rows.map((row) => [row.id, agentCheckJson(row)])));
      }),
    },
    {
      verb: "PUT",
      path: "/v1/agent/check/register",
      guard: "inside",
      async run(request) {
        const body = decodeBody(await request.body(), readRegistration);
        if ((body.Name ?? "") === "") throw refusal(400, "Missing check name");
        const { Status = "" } = body;
        if (Status !== "" && statusOf(Status) === undefined) throw refusal(400, "Bad check status");
        const check = toLocalCheck(body, checkRules);
        const id = body.ID || check.id;
        demandOwner(request.access, store.tables, identity.node, body.ServiceID ?? "");
        mayChange(request.access, id || check.name);
        await agent.registerCheck({ ...check, id }, body.ServiceID ?? "");
        return done;
      },
    },
    {
      verb: "PUT",
      path: "/v1/agent/check/deregister/",
      guard: "inside",
      async run({ rest, access }) {
        if (rest === "") throw refusal(500, "CheckID missing");
        mayChange(access, rest);
        await agent.deregisterCheck(rest);
        return done;
      },
    },
    report("pass", "passing"),
    report("warn", "warning"),
    report("fail", "critical"),
    {
      verb: "PUT",
      path: "/v1/agent/check/update/",
      guard: "inside",
      async run(request) {
        const { Status = "", Output = "" } = decodeBody(await request.body(), readUpdate);
        const status = statusOf(Status);
        if (status === undefined) throw refusal(400, `Invalid check status: '${Status}'`);
        mayChange(request.access, request.rest);
        await agent.reportTtl(request.rest, status, Output);
        return done;
      },
    },
  ];
}
