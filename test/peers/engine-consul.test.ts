import { engineTests } from "../conformance/engine-kit.ts";
import { endSessions, skipWithoutPeer, startConsulPeer } from "../support/consul-peer.ts";

engineTests({
  name: "consul",
  skip: skipWithoutPeer,
  async start() {
    const peer = await startConsulPeer();
    return Object.assign(peer, {
      endLeases: () => endSessions(peer.url),
      // A watch there never goes on from a version.
      forget: async () => undefined,
    });
  },
});
