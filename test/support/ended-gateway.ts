import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Posted, posts } from "./posts.ts";
import { tuskerProcess } from "./tusker-process.ts";
import { until } from "./until.ts";

/** Sends SIGTERM to a gateway under clients that POST without a pause, so many times, and tells what they heard. */
export async function endedGateways(rounds: number, workers: number): Promise<Posted[]> {
  const path = mkdtempSync(join(tmpdir(), "tusker-ended-"));
  const origin = createServer((asked, answer) => asked.resume().on("end", () => answer.end("taken")));
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  const { port } = origin.address() as AddressInfo;
  const file = join(path, "gateway.tsk");
  writeFileSync(
    file,
    `[gateway]\nupstreams: { orders: { endpoints: ["127.0.0.1:${port}"] } }\n[routes]\n"/orders": { service: "orders" }\n`,
  );
  const heard: Posted[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const args = ["gateway", "--config", file, "--port", "0", "--workers", String(workers), "--json"];
      await using gateway = tuskerProcess(args, { cwd: path });
      const { gateway: url } = await gateway.line((line) => "gateway" in line);
      const load = posts(`${String(url).replace("localhost", "127.0.0.1")}/orders`, 8);
      const early = load.over().then(({ failures }) => {
        if (load.answered < 200)
          throw new Error(`the clients were told to go at once: ${failures.join(", ")}`);
      });
      await Promise.race([early, until("200 answers", () => load.answered >= 200 || undefined)]);
      await gateway.end();
      heard.push(await load.over());
    }
  } finally {
    origin.closeAllConnections();
    origin.close();
    rmSync(path, { recursive: true });
  }
  return heard;
}
