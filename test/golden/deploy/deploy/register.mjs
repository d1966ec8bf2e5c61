// Written by `tusker deploy` from tusker.tsk. Change that file and run it again.
import { setTimeout as sleep } from "node:timers/promises";

const registry = process.env.TUSKER_REGISTRY_URL ?? "http://registry:8500";
const everyMs = Number(process.env.REGISTER_EVERY_MS ?? 5000);
const instances = [
  {
    "ID": "user-service-001",
    "Name": "user-service",
    "Address": "user-service",
    "Port": 8081,
    "Meta": {
      "version": "1.0.0",
      "grpc_port": "9090"
    },
    "Check": {
      "HTTP": "http://user-service:8081/health",
      "Interval": "2s",
      "Timeout": "1s"
    }
  },
  {
    "ID": "payment-service-001",
    "Name": "payment-service",
    "Address": "payment-service",
    "Port": 8083,
    "Meta": {
      "version": "1.0.0"
    },
    "Check": {
      "HTTP": "http://payment-service:8083/health?deep=1",
      "Interval": "2s",
      "Timeout": "1s"
    }
  }
];

for (;;) {
  for (const instance of instances) {
    try {
      // Known already: registering anew would begin its checks anew.
      const known = await fetch(`${registry}/v1/agent/service/${instance.ID}`);
      await known.body?.cancel();
      if (known.ok) continue;
      const answer = await fetch(`${registry}/v1/agent/service/register`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(instance),
      });
      console.log(`${instance.ID}: ${answer.ok ? "registered" : `refused, ${await answer.text()}`}`);
    } catch (error) {
      console.error(`${instance.ID}: ${error.cause?.message ?? error.message}`);
    }
  }
  await sleep(everyMs);
}
