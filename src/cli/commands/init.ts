import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { TuskerError } from "../../kernel/index.ts";
import type { Run } from "../command.ts";
import { writeText } from "../write-text.ts";

/** Writes a fleet with one service: the least that runs, made to be grown. Overwrites nothing. */
export const run: Run = async (args, io) => {
  const folder = resolve(io.cwd, args.positionals[0] ?? ".");
  const files = firstFiles(basename(folder));
  const there = Object.keys(files).filter((path) => existsSync(join(folder, path)));
  if (there.length > 0)
    throw new TuskerError(
      "CLI_USAGE",
      `${there.join(", ")} ${there.length === 1 ? "exists" : "exist"} in ${folder} already; init writes into a folder without a fleet`,
    );
  for (const [path, text] of Object.entries(files)) writeText(join(folder, path), text, { folders: true });
  if (args.flag("json")) io.out(`${JSON.stringify({ folder, files: Object.keys(files) })}\n`);
  else
    io.out(
      `${Object.keys(files)
        .map((path) => `  wrote ${path}\n`)
        .join("")}\n  next  cd ${folder} && npm install && npm start\n`,
    );
  return 0;
};

function firstFiles(folder: string): Readonly<Record<string, string>> {
  const name =
    folder
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, "-")
      .replace(/^[^a-z]+|-+$/g, "") || "fleet";
  return {
    "package.json": printed({
      name,
      private: true,
      type: "module",
      scripts: { start: "tusker up", check: "tusker check && tsc" },
      dependencies: { tusker: "^0.1.0", zod: "^4.0.0" },
      // The Node that runs the fleet, whatever the shell has.
      devDependencies: { "@types/node": "^24.0.0", node: "^26.0.0", typescript: "^7.0.0" },
      allowScripts: { node: true },
    }),
    "tsconfig.json": printed({
      compilerOptions: {
        target: "ES2024",
        module: "NodeNext",
        strict: true,
        noEmit: true,
        allowImportingTsExtensions: true,
        erasableSyntaxOnly: true,
        verbatimModuleSyntax: true,
        types: ["node"],
      },
      include: ["services"],
    }),
    ".gitignore": "node_modules/\n.tusker/\n",
    "tusker.tsk": fleetFile(name),
    "services/hello.ts": serviceFile,
  };
}

function printed(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function fleetFile(name: string): string {
  return `#!tusker 1
[fleet]
name: "${name}"
try: "/api/hello/ada"

[services]
hello-service: {
  version: "0.1.0"
  run: "node services/hello.ts"
  port: 8081
}

[gateway]
port: 8080
strip_prefix: "/api"

[routes]
"/api/hello/*": { service: "hello-service", method: "GET", timeout: "5s", retries: 2 }
`;
}

const serviceFile = `import { contract, serve } from "tusker/rpc";
import { z } from "zod";

export const Hello = contract("hello-service", {
  greet: { http: "GET /hello/{name}", in: z.object({ name: z.string() }), out: z.object({ text: z.string() }) },
});

await serve(Hello, {
  greet: async ({ name }) => ({ text: \`Hello, \${name}!\` }),
});
`;
