import { authority } from "../../../net/index.ts";
import { json, type Reply, type Route, refuseMalformed, type Wire, type WireRequest } from "../route.ts";

/** The release of the wire's documentation this tier follows; some clients choose their requests by it. */
export const wireVersion: string = "1.8.7";

/** `/v1/agent/self`, `/v1/agent/members`, `/v1/status/…`: who answers here. */
export function selfRoutes(wire: Wire): readonly Route[] {
  const { identity, store } = wire;
  const leader = (): string => authority(identity.address, identity.port());
  const told = (render: () => unknown) => {
    return (request: WireRequest): Reply => {
      refuseMalformed(wire, request);
      return json(render());
    };
  };
  return [
    { verb: "GET", path: "/v1/status/leader", guard: "anybody", run: told(leader) },
    { verb: "GET", path: "/v1/status/peers", guard: "anybody", run: told(() => [leader()]) },
    {
      verb: "GET",
      path: "/v1/agent/members",
      guard: "inside",
      run: ({ access }) => json(access.can("node", identity.node, "read") ? [member(wire)] : []),
    },
    {
      verb: "GET",
      path: "/v1/agent/self",
      guard: ({ access }) => access.can("agent", identity.node, "read"),
      run: () =>
        json({
          Config: {
            Datacenter: identity.datacenter,
            PrimaryDatacenter: identity.datacenter,
            NodeName: identity.node,
            NodeID: identity.id,
            Revision: "",
            Server: true,
            Version: wireVersion,
          },
          DebugConfig: {},
          Coord: null,
          Member: member(wire),
          Stats: {
            agent: {
              checks: String(store.tables.node(identity.node)?.checks.size ?? 0),
              services: String(store.tables.node(identity.node)?.services.size ?? 0),
            },
            consul: {
              leader: "true",
              leader_addr: leader(),
              server: "true",
              acl: wire.tokens.enforced ? "enabled" : "disabled",
            },
          },
          Meta: store.tables.node(identity.node)?.row.meta ?? {},
        }),
    },
  ];
}

/** The one member. Status 1 is alive. */
function member({ identity }: Wire): object {
  return {
    Name: identity.node,
    Addr: identity.address,
    Port: identity.port(),
    Tags: {
      acls: "0",
      build: `${wireVersion}:tusker`,
      dc: identity.datacenter,
      id: identity.id,
      port: String(identity.port()),
      role: "consul",
      ...{ segment: "", vsn: "2", vsn_min: "2", vsn_max: "3" },
    },
    Status: 1,
    ProtocolMin: 1,
    ProtocolMax: 5,
    ProtocolCur: 2,
    DelegateMin: 2,
    DelegateMax: 5,
    DelegateCur: 4,
  };
}
