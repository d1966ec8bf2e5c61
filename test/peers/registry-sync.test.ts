/** A disk that takes bytes and then says that it could not keep them: the failure nobody can repair by trying again. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { httpClient } from "../../src/net/index.ts";
import { peerEnvironment, peerProgram, skipWithout } from "../support/peer-program.ts";
import { tuskerProcess } from "../support/tusker-process.ts";

test("a sync that fails stops writes with a clear error; all that was acknowledged is there at the next start", {
  skip: skipWithout("strace"),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-sync-"));
  const trace = join(folder, "trace");
  const bin = new URL("../../bin/tusker.js", import.meta.url).pathname;
  const args = ["registry", "--json", "--port", "0", "--data-dir", folder];
  // In the background (-D), so that the process which is started is the registry. The twentieth sync and each after
  // it fails, as on a disk that dies.
  const dying = [
    ...[peerProgram("strace") ?? "strace", "-D", "-f", "-qq", "-o", trace, "-e", "trace=fsync,fdatasync"],
    ...["-e", "inject=fsync,fdatasync:error=EIO:when=20+", process.execPath, bin],
  ];
  await using http = httpClient();
  const ask = async (method: string, url: string, body?: string) => {
    const answer = await http.request({ method, url, ...(body === undefined ? {} : { body }) });
    return { status: answer.status, text: await answer.text(1_000_000) };
  };
  const kept: string[] = [];
  {
    const env = { LD_LIBRARY_PATH: peerEnvironment("strace").LD_LIBRARY_PATH ?? "" };
    await using registry = tuskerProcess(args, { cwd: folder, command: dying, env });
    const url = String((await registry.line((line) => typeof line.registry === "string", 60_000)).registry);
    let refusal = "";
    for (let n = 0; refusal === "" && n < 100; n++) {
      const said = await ask("PUT", `${url}/v1/kv/key-${n}`, `${n}`);
      if (said.status === 200) kept.push(`key-${n}`);
      else refusal = said.text;
    }
    assert.match(readFileSync(trace, "utf8"), /sync\(\d+\) += -1 EIO .*INJECTED/);
    assert.match(refusal, /cannot write to .*registry\.db \(disk I\/O error\).*refuses writes until/);
    assert.ok(kept.length > 0, "it was well at first");
    assert.equal((await ask("PUT", `${url}/v1/kv/late`, "x")).status, 500, "and it is not asked again");
    assert.equal((await ask("GET", `${url}/v1/kv/${kept[0]}`)).status, 200, "what is safe is still told");
    assert.ok(
      registry.noise.some((line) => line.includes("disk I/O error")),
      "the operator is told",
    );
    await registry.end("SIGKILL");
  }
  await using again = tuskerProcess(args, { cwd: folder });
  const url = String((await again.line((line) => typeof line.registry === "string")).registry);
  const found = JSON.parse((await ask("GET", `${url}/v1/kv/?keys`)).text) as string[];
  assert.deepEqual(
    kept.filter((key) => !found.includes(key)),
    [],
    "what was acknowledged",
  );
  assert.ok(!found.includes("late"));
  assert.equal((await ask("PUT", `${url}/v1/kv/late`, "x")).status, 200);
  await again.end();
  rmSync(folder, { recursive: true });
});
