/**
 * `npm run lock`: completes `package-lock.json` after packages were added or changed.
 *
 * npm leaves an optional package out of the lock when it cannot fetch it, as binaries for other platforms behind a
 * partial mirror; `npm ci` then refuses the lock everywhere. What is missing is known from the parent: name and exact
 * version, and the platform from the name.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";

const entrySchema = z.looseObject({
  optionalDependencies: z.record(z.string(), z.string()).optional(),
  dev: z.boolean().optional(),
});
const lockSchema = z.looseObject({ packages: z.record(z.string(), entrySchema) });

export type Lock = z.infer<typeof lockSchema>;

const file = resolve(import.meta.dirname, "../package-lock.json");

const systems = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
];
const processors = [
  "arm",
  "arm64",
  "ia32",
  "loong64",
  "mips64el",
  "ppc64",
  "riscv64",
  "s390x",
  "wasm32",
  "x64",
];

if (import.meta.main) {
  const lock = readLock();
  const missing = missingEntries(lock);
  const packages = Object.entries({ ...lock.packages, ...missing });
  packages.sort(([a], [b]) => a.localeCompare(b, "en"));
  writeFileSync(
    file,
    `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, undefined, 2)}\n`,
  );
  console.log(`${Object.keys(missing).length} entries added`);
}

export function readLock(): Lock {
  return lockSchema.parse(JSON.parse(readFileSync(file, "utf8")));
}

/** Entries of optional packages that a parent in the lock names and the lock does not hold. */
export function missingEntries(lock: Lock): Lock["packages"] {
  const missing: Lock["packages"] = {};
  for (const parent of Object.values(lock.packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`;
      if (path in lock.packages) continue;
      missing[path] = {
        version,
        ...platformOf(name),
        ...(parent.dev === true ? { dev: true } : {}),
        optional: true,
      };
    }
  }
  return missing;
}

/** `@scope/cli-linux-x64-musl` → os linux, cpu x64, libc musl, as the package itself would say. */
function platformOf(name: string): { os?: string[]; cpu?: string[]; libc?: string[] } {
  const words = name.slice(name.lastIndexOf("/") + 1).split("-");
  const os = words.filter((word) => systems.includes(word));
  const cpu = words.filter((word) => processors.includes(word));
  const libc = words.flatMap((word) =>
    word.startsWith("musl") ? "musl" : word.startsWith("gnu") ? "glibc" : [],
  );
  return {
    ...(os.length === 0 ? {} : { os }),
    ...(cpu.length === 0 ? {} : { cpu }),
    ...(libc.length === 0 || !os.includes("linux") ? {} : { libc }),
  };
}
