import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root, type TestFleet, type Told, upFleet } from "../support/fleet.ts";
import { until } from "../support/until.ts";

const service = `import { createServer } from "node:http";
createServer((_, answer) => answer.end("here")).listen(Number(process.env.PORT), "127.0.0.1");
`;
const fleetFile = `#!tusker 1
[services]
a: { run: "node service.mjs", config: { size: 5 }, schema: "schema.json" }
b: { run: "node service.mjs", config: { name: "b" }, schema: "schema.ts" }
[routes]
"/a": { service: "a" }
`;
const moduleOf = (type: string): string =>
  `import { z } from "zod";\nexport const Config = z.object({ name: ${type} });\n`;

test("a running fleet follows an overlay that did not exist, a service's file and schemas; what is wrong changes nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-follows-"));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  try {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(join(root, "node_modules/zod"), join(folder, "node_modules/zod"));
    write("service.mjs", service);
    write("tusker.tsk", fleetFile);
    write("schema.json", '{ "properties": { "size": { "maximum": 10 } } }');
    write("schema.ts", moduleOf("z.string()"));
    await using fleet = await upFleet({ file: join(folder, "tusker.tsk") });
    const notices = counter(fleet);

    mkdirSync(join(folder, "environment"));
    write("environment/development.tsk", '#!tusker 1\nroutes."/over": { service: "a" }\n');
    await until("the overlay to count", async () =>
      (await status(fleet, "/over")) === 200 ? true : undefined,
    );

    for (const [name, broken, right, place] of [
      [
        "environment/development.tsk",
        "routes: = {",
        '#!tusker 1\nroutes."/over": { service: "b" }\n',
        "development.tsk",
      ],
      ["schema.json", '{ "properties": { "size": { "maximum": 1 } } }', "{}", "schema.json says so"],
      ["schema.ts", moduleOf("z.number()"), moduleOf("z.string()"), "schema.ts says so"],
    ] as const) {
      const before = notices.refused();
      write(name, broken);
      await until(`${name} to be refused`, () => (notices.refused() > before ? true : undefined));
      assert.ok(fleet.stderr().includes(place), `${place} in ${fleet.stderr()}`);
      assert.equal(await status(fleet, "/over"), 200, "the last good file counts");
      const taken = notices.taken();
      write(name, right);
      await until(`${name} to be taken`, () => (notices.taken() > taken ? true : undefined));
    }

    const taken = notices.taken();
    mkdirSync(join(folder, "config/services"), { recursive: true });
    write("config/services/a.tsk", "#!tusker 1\nsize: 6\n");
    await until("the service's file to be read", () =>
      fleet.told.slice(taken).some((line) => textOf(line).includes("services.a")) ? true : undefined,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function status({ gateway }: TestFleet, path: string): Promise<number> {
  const answer = await fetch(gateway + path);
  await answer.arrayBuffer();
  return answer.status;
}

function textOf(line: Told): string {
  return line.type === "notice" ? String(line.text) : "";
}

function counter({ told }: TestFleet): { refused(): number; taken(): number } {
  const count = (words: string): number => told.filter((line) => textOf(line).includes(words)).length;
  return {
    refused: () => count("goes on as before"),
    taken: () => count("takes over the changed file"),
  };
}
