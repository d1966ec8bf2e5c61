import { systemClock } from "../../../src/kernel/index.ts";
import type { Figure } from "../../figure.ts";
import { labGateway, manners, openLoop, origins, type sides } from "./lab.ts";

/** kill -9 of one of three endpoints, two seconds into six at 1,000 requests a second. */
export async function* killed(): AsyncGenerator<Figure> {
  const run = async (side: (typeof sides)[number]): Promise<number> => {
    using stays = await origins(2);
    using dies = await origins(1);
    using gateway = await labGateway(manners([...stays.ports, ...dies.ports])[side]);
    await openLoop(gateway.port, 200, 1);
    using _timer = systemClock.after(2_000, () => dies.kill());
    return (await openLoop(gateway.port, 1_000, 6)).failed;
  };
  yield {
    name: "processes: kill -9 of one of 3 at 1,000 rps: failed requests",
    value: await run("ours"),
    unit: "",
    peers: { "round robin": await run("plain") },
  };
}
