import { client, serve } from "tusker/rpc";
import { type Reading, Reports, Sensors } from "./contracts.ts";

const sensors = client(Sensors);

await serve(Reports, {
  async tour() {
    const sensor = "cellar";
    const readings: Reading[] = [11.5, 12, 11].map((celsius) => ({ sensor, celsius }));
    const recorded = await sensors.record(readings);
    const followed: number[] = [];
    for await (const { celsius } of sensors.follow({ sensor })) {
      followed.push(celsius);
      // Whoever stops reading ends the call.
      if (followed.length === readings.length) break;
    }
    const converted: number[] = [];
    for await (const { fahrenheit } of sensors.toFahrenheit(readings)) converted.push(fahrenheit);
    const { celsius: latest } = await sensors.latest({ sensor });
    return { recorded, followed, converted, latest };
  },
});
