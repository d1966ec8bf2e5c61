import { z } from "zod";
import { engineTests } from "../conformance/engine-kit.ts";
import { skipWithoutEtcd, startEtcdPeer } from "../support/etcd-peer.ts";

const leases = z.object({ leases: z.array(z.object({ ID: z.string() })).optional() });
const status = z.object({ header: z.object({ revision: z.string() }) });

engineTests({
  name: "etcd",
  skip: skipWithoutEtcd,
  async start() {
    const peer = await startEtcdPeer();
    return Object.assign(peer, {
      async endLeases() {
        const known = leases.parse(await peer.call("lease/leases", {}));
        for (const { ID } of known.leases ?? []) await peer.call("lease/revoke", { ID });
      },
      async forget() {
        const { header } = status.parse(await peer.call("maintenance/status", {}));
        await peer.call("kv/compaction", { revision: header.revision, physical: true });
      },
    });
  },
});
