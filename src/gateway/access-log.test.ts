/** The access log: one line of JSON for each request it is asked for, wherever it goes. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, bench, endpoint, rawService, service, test, until } from "./fixture.test.ts";

function folder(): { readonly file: string; lines(name?: string): Line[] } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "tusker-access-"));
  return {
    file: join(path, "access.log"),
    lines: (name = "access.log") =>
      readFileSync(join(path, name), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  };
}

type Line = Readonly<Record<string, unknown>>;

test("a file has a line for each request, also after it was moved away, and the last ones after the end", async () => {
  using at = folder();
  await using users = await service((exchange) => exchange.respond({ status: 200 }));
  {
    await using front = await bench({
      gateway: { access_log: 1, access_log_to: at.file },
      routes: { "/*": { service: "users" } },
      endpoints: [endpoint(users.port)],
    });
    await ask(front.port, "/first?secret=1");
    await until(() => {
      try {
        return at.lines().length === 1;
      } catch {
        return false;
      }
    });
    renameSync(at.file, `${at.file}.1`);
    await ask(front.port, "/second");
    assert.ok(!front.logs.some((line) => line.includes('"access"')), "the log is for other things");
  }
  const [first] = at.lines("access.log.1");
  assert.deepEqual(
    [first?.message, first?.path, first?.route, first?.status, first?.service, first?.endpoint],
    ["access", "/first", "/*", 200, "users", "e1"],
  );
  assert.match(String(first?.trace_id), /^[0-9a-f]{32}$/);
  assert.match(String(first?.time), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(
    at.lines().map(({ path }) => path),
    ["/second"],
  );
});

test("whoever is turned away at the door stands in the log and in a trace", async () => {
  using at = folder();
  await using silent = await rawService(() => {});
  const gateway = { access_log: 0.01, access_log_to: at.file };
  const routes = { "/slow": { service: "slow" } };
  {
    await using front = await bench({ gateway, routes, endpoints: [endpoint(silent.port, "s1", "slow")] });
    front.gateway.adopt(front.config({ ...gateway, max_connections: 1 }, routes));
    const held = ask(front.port, "/slow");
    await until(() => silent.count === 1);
    const refused = await ask(front.port, "/slow");
    assert.deepEqual([refused.status, refused.code], [503, "GATEWAY_OVERLOADED"]);
    assert.match(String(JSON.parse(refused.body).trace_id), /^[0-9a-f]{32}$/);
    await front.gateway[Symbol.asyncDispose]();
    await held;
  }
  assert.equal(at.lines().filter(({ path, status }) => path === "/slow" && status === 503).length, 1);
});

test("a file that cannot be written stops nobody: it is said once and counted", async () => {
  using at = folder();
  await using users = await service((exchange) => exchange.respond({ status: 200 }));
  await using front = await bench({
    gateway: { access_log: 1, access_log_to: join(at.file, "no", "such", "folder") },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  for (let i = 0; i < 3; i++) {
    assert.equal((await ask(front.port, "/")).status, 200);
    await until(() => front.metric("tusker_gateway_access_lines_dropped") === i + 1);
  }
  assert.equal(front.logs.filter((line) => line.includes("access lines cannot be written")).length, 1);
});
