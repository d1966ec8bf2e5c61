import type { LoadOptions, SecretProvider } from "../../tsk/index.ts";

/** What a fleet was read from: when some of it changes, it may say something else. */
export interface ReadFrom {
  /** Paths that were asked for, of files that are not there too: they may come. */
  readonly files: readonly string[];
  /** Folders whose names were asked for. */
  readonly folders: readonly string[];
  /** For how long, in milliseconds, it may be believed: the shortest `ttl` of its secrets. Absent: until something changes. */
  readonly ttlMs?: number;
}

/** The same, and these files besides. */
export function withFiles(from: ReadFrom, files: readonly string[]): ReadFrom {
  return { ...from, files: [...new Set([...from.files, ...files])] };
}

type Ports = Pick<LoadOptions, "readFile" | "list" | "secrets">;

/** Passes the ports of a host on and notes what is asked of them. */
export function noted({ readFile, list, secrets }: Ports): {
  readonly ports: Ports;
  readonly from: () => ReadFrom;
} {
  const files = new Set<string>();
  const folders = new Set<string>();
  let ttlMs = Number.POSITIVE_INFINITY;
  const provider = (one: SecretProvider): SecretProvider => ({
    ...one,
    read(name, options) {
      if (options.ttlMs > 0) ttlMs = Math.min(ttlMs, options.ttlMs);
      return one.read(name, options);
    },
  });
  return {
    ports: {
      readFile(path) {
        files.add(path);
        return readFile(path);
      },
      ...(list === undefined
        ? {}
        : {
            list(folder: string) {
              folders.add(folder);
              return list(folder);
            },
          }),
      ...(secrets === undefined ? {} : { secrets: secrets.map(provider) }),
    },
    from: () => ({
      files: [...files],
      folders: [...folders],
      ...(ttlMs === Number.POSITIVE_INFINITY ? {} : { ttlMs }),
    }),
  };
}
