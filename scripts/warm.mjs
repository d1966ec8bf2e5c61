/**
 * What npm runs once a checkout has its packages (never where the package comes from a registry): brings the example
 * up once, on free ports of this machine and in a temporary folder, and ends it. So even the first `npm start` finds
 * compiled code: stripping types off some three hundred files and compiling them is half of a cold start. The cache is
 * keyed by content and by version of Node, so it is never stale; without it everything works, only later. Nothing in
 * here may make an install fail.
 */
const limitMs = 30_000;

const [major, minor] = process.versions.node.split(".").map(Number);
const reason =
  major > 24 || (major === 24 && minor >= 12)
    ? await warm().catch((error) => error.message)
    : `Node ${process.versions.node} is older than 24.12`;
if (reason !== undefined) console.log(`nothing was compiled ahead: ${reason}`);

/** Gives the reason when it could not be done. */
async function warm() {
  const { spawn } = await import("node:child_process");
  const { once } = await import("node:events");
  const { mkdtempSync, rmSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  const { fileURLToPath } = await import("node:url");
  const place = (path) => fileURLToPath(new URL(path, import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "tusker-warm-"));
  const data = `fleet.data_dir=${JSON.stringify(folder)}`;
  const options = ["--free-ports", "--json", "--set", data];
  const fleet = spawn(
    process.execPath,
    [place("../bin/tusker.js"), "up", place("../examples/shop/tusker.tsk"), ...options],
    {
      stdio: ["ignore", "pipe", "ignore"],
      timeout: limitMs,
    },
  );
  try {
    let told = "";
    let up = false;
    for await (const text of fleet.stdout.setEncoding("utf8")) {
      told += text;
      if (up || !told.includes('{"type":"up"')) continue;
      up = true;
      fleet.kill();
    }
    if (fleet.exitCode === null) await once(fleet, "exit");
    return up ? undefined : "the example did not come up";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
