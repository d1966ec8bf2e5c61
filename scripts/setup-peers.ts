/**
 * Puts foreign programs our tests and benches are compared with into `.peers/`, unpacked from Debian packages, not
 * installed: `npm run setup:peers`. Tests that need one and do not find it say so and are skipped.
 *
 * The mirror is the one apt is set up with; packages come from suites that still carry them, checked by apt against
 * Debian's keys. Needs Debian or a system made from it, with apt-get and dpkg-deb.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

interface Peer {
  readonly name: string;
  readonly suite: string;
  /** The program's package first, then the libraries it needs that a small system may lack. */
  readonly packages: readonly string[];
  /** Where the program is below `.peers/<name>`. */
  readonly program: string;
  /** What it is for. */
  readonly use: string;
}

const peers: readonly Peer[] = [
  {
    name: "consul",
    suite: "bullseye",
    packages: ["consul"],
    program: "usr/bin/consul",
    use: "the wire of the registry, 1.8.7 under MPL-2.0",
  },
  {
    name: "etcd",
    suite: "sid",
    packages: ["etcd-server"],
    program: "usr/bin/etcd",
    use: "an engine behind the interface of the registry, 3.5 under Apache-2.0",
  },
  {
    name: "strace",
    suite: "bookworm",
    packages: ["strace", "libunwind8", "liblzma5"],
    program: "usr/bin/strace",
    use: "a disk whose syncs fail, for the registry",
  },
  {
    name: "prometheus",
    suite: "bookworm",
    packages: ["prometheus"],
    program: "usr/bin/prometheus",
    use: "a reader of the registry's targets",
  },
  {
    name: "nginx",
    suite: "bookworm",
    packages: ["nginx", "libpcre2-8-0", "libcrypt1"],
    program: "usr/sbin/nginx",
    use: "a proxy beside the gateway, and the origin behind both",
  },
  {
    name: "nghttp2",
    suite: "bookworm",
    packages: [
      ...["nghttp2-client", "libnghttp2-14", "libc-ares2", "libev4", "libjansson4", "libjemalloc2"],
      ...["libxml2", "libicu72"],
    ],
    program: "usr/bin/h2load",
    use: "h2load and nghttp, clients of HTTP/2",
  },
  {
    name: "grpc-core",
    suite: "bookworm",
    packages: [
      ...["python3-grpcio", "libgrpc29", "libabsl20220623", "libc-ares2", "libre2-9", "libprotobuf32"],
    ],
    program: "usr/lib/python3/dist-packages/grpc/__init__.py",
    use: "gRPC of Python over C-core, client and server",
  },
  {
    name: "haproxy",
    suite: "bookworm",
    packages: [
      ...["haproxy", "liblua5.3-0", "libpcre2-8-0", "libpcre2-posix3"],
      ...["libopentracing-c-wrapper0", "libopentracing1"],
    ],
    program: "usr/sbin/haproxy",
    use: "a proxy beside the gateway",
  },
  {
    name: "dig",
    suite: "bookworm",
    packages: [
      ...["bind9-dnsutils", "bind9-libs", "libuv1", "libfstrm0", "libprotobuf-c1", "libjson-c5", "liblmdb0"],
      ...["libmaxminddb0", "libxml2", "libnghttp2-14", "libicu72", "libidn2-0", "libunistring2", "libedit2"],
      ...[
        "libbsd0",
        "libmd0",
        "libjemalloc2",
        "libgssapi-krb5-2",
        "libkrb5-3",
        "libk5crypto3",
        "libcom-err2",
      ],
      ...["libkrb5support0", "libkeyutils1"],
    ],
    program: "usr/bin/dig",
    use: "a second reader of the registry's DNS",
  },
  {
    name: "neovim",
    suite: "trixie",
    // Its C library is newer than bookworm's and comes along; whoever starts it does so with that one's loader.
    packages: [
      ...["neovim", "neovim-runtime", "libc6", "libgcc-s1", "libluajit-5.1-2", "libluajit-5.1-common"],
      ...[
        "libmsgpack-c2",
        "libtree-sitter0.22",
        "libunibilium4",
        "libuv1t64",
        "libvterm0",
        "lua-lpeg",
        "lua-luv",
      ],
    ],
    program: "usr/bin/nvim",
    use: "an editor with a language client of its own, 0.10 under Apache-2.0",
  },
  {
    name: "caddy",
    suite: "bookworm",
    packages: ["caddy"],
    program: "usr/bin/caddy",
    use: "a proxy beside the gateway",
  },
  {
    name: "docker-compose",
    suite: "sid",
    packages: ["docker-compose"],
    program: "usr/libexec/docker/cli-plugins/docker-compose",
    use: "a reader of what `tusker deploy` writes; it needs no Docker for that",
  },
  {
    name: "wrk",
    suite: "bookworm",
    packages: ["wrk", "libluajit-5.1-2"],
    program: "usr/bin/wrk",
    use: "the load of bench/gateway",
  },
];

const root = resolve(import.meta.dirname, "../.peers");
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

let failed = false;
for (const peer of peers) {
  const program = join(root, peer.name, peer.program);
  if (existsSync(program)) {
    console.log(`${peer.name}: there already`);
    continue;
  }
  try {
    unpack(peer);
    console.log(`${peer.name}: ${program} (${peer.use})`);
  } catch (error) {
    failed = true;
    console.error(`${peer.name}: not to be had here: ${error instanceof Error ? error.message : error}`);
  }
}
installBrowser();
// A peer that is not to be had is no failure: its tests say so and count as skipped.
if (failed) console.error("some peers are missing; the tests that need them will be skipped by name");

/** The browser has too many libraries to unpack beside the system: it is installed, where we may. */
function installBrowser(): void {
  if (existsSync("/usr/bin/chromium")) {
    console.log("chromium: there already");
    return;
  }
  try {
    const quiet = {
      stdio: ["ignore", "ignore", "inherit"] as ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    };
    execFileSync("apt-get", ["-qq", "update"], quiet);
    execFileSync("apt-get", ["-qq", "install", "--yes", "--no-install-recommends", "chromium"], quiet);
    console.log("chromium: /usr/bin/chromium (the dashboard)");
  } catch (error) {
    failed = true;
    console.error(`chromium: not to be had here: ${error instanceof Error ? error.message : error}`);
  }
}

function unpack(peer: Peer): void {
  const state = mkdtempSync(join(tmpdir(), "tusker-peers-"));
  try {
    for (const folder of ["lists/partial", "cache/archives/partial"])
      mkdirSync(join(state, folder), { recursive: true });
    writeFileSync(join(state, "sources.list"), `deb [signed-by=${keyring}] ${mirror()} ${peer.suite} main\n`);
    apt(state, "update");
    // By suite: a newer version that is installed here is not to be had from it.
    apt(state, "download", ...peer.packages.map((name) => `${name}/${peer.suite}`));
    const files = readdirSync(state).filter((name) => name.endsWith(".deb"));
    if (files.length < peer.packages.length)
      throw new Error(`apt-get left ${files.length} of ${peer.packages.join(", ")}`);
    const folder = join(root, peer.name);
    mkdirSync(folder, { recursive: true });
    for (const file of files) execFileSync("dpkg-deb", ["-x", join(state, file), folder]);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

/** The Debian mirror apt uses for this machine. */
function mirror(): string {
  const listed = execFileSync("apt-get", ["indextargets", "--format", "$(SITE)", "Created-By: Packages"], {
    encoding: "utf8",
  });
  const found = listed
    .split("\n")
    .map((line) => line.trim())
    .find((line) => /\/debian\/?$/.test(line));
  if (found === undefined) throw new Error("apt knows no Debian mirror");
  return found;
}

/** apt-get with lists and caches of its own, so that the machine's are left alone. */
function apt(state: string, ...words: string[]): void {
  const settings = [
    `Dir::Etc::SourceList=${join(state, "sources.list")}`,
    "Dir::Etc::SourceParts=/dev/null",
    `Dir::State::Lists=${join(state, "lists")}`,
    `Dir::Cache=${join(state, "cache")}`,
    // An archived suite's lists are past their date; their signatures still hold.
    "Acquire::Check-Valid-Until=false",
    "Acquire::Languages=none",
    "APT::Sandbox::User=root",
  ];
  execFileSync("apt-get", ["-qq", ...settings.flatMap((setting) => ["-o", setting]), ...words], {
    cwd: state,
    stdio: ["ignore", "ignore", "inherit"],
  });
}
