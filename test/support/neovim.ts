import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { cleanEnvironment } from "../../scripts/run.ts";
import { systemClock } from "../../src/kernel/index.ts";
import { peerFolder } from "./peer-program.ts";
import { until } from "./until.ts";

/** A Neovim without a screen that opened a folder: an editor, and a client of the protocol, that others wrote. */
export interface Neovim extends AsyncDisposable {
  /** Runs the body of a Lua function in it; what it returns comes back as JSON has it. @throws what Lua says */
  lua(body: string): Promise<unknown>;
  /** Asks again until Lua gives something else than nil or false. */
  waitFor(what: string, body: string): Promise<unknown>;
  /** Presses keys, `<Esc>` and the like by name. */
  type(keys: string): Promise<void>;
}

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

/** Starts it in a folder, set up by `editors/neovim/tusker.lua` with the server of this checkout. */
export async function startNeovim(folder: string): Promise<Neovim> {
  const home = mkdtempSync(join(tmpdir(), "tusker-nvim-"));
  const socket = join(home, "socket");
  const env = environment(home);
  const setup = join(home, "init.lua");
  writeFileSync(setup, setupText());
  const child = spawn(program, [...before, "--headless", "--clean", "-n", "-u", setup, "--listen", socket], {
    ...{ cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] as ["ignore", "ignore", "pipe"] },
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-8_192);
  });
  await until("Neovim to listen", () => {
    if (child.exitCode !== null) throw new Error(`Neovim ended: ${said}`);
    return existsSync(socket) || undefined;
  });
  const evaluate = async (expression: string): Promise<string> => {
    const asked = run(program, [...before, "--server", socket, "--remote-expr", expression], { env });
    return (await asked).stdout;
  };
  const lua = async (body: string): Promise<unknown> => {
    const text = await evaluate(`luaeval('vim.json.encode(((function() ${quoted(body)} end)()))')`);
    return JSON.parse(text);
  };
  return {
    lua,
    waitFor: (what, body) =>
      until(`${what} (Neovim said: ${said})`, async () => {
        const found = await lua(body);
        if (found !== null && found !== false) return found;
        // Each question is a process: asked too often, they would take the time of what they wait for.
        await systemClock.sleep(40);
        return undefined;
      }),
    type: async (keys) => void (await evaluate(`nvim_input('${quoted(keys)}')`)),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, "exit");
        // Leaves as a person does, so that the server is told to end; a Neovim that hangs is ended.
        const left = run(program, [...before, "--server", socket, "--remote-send", "<C-\\><C-n>:qa!<CR>"], {
          env,
        });
        await left.catch(() => child.kill("SIGKILL"));
        await ended;
      }
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The program is newer than the system's C library may be: it is started with the loader that came along. */
const peer = peerFolder("neovim");
const [machine, loader] =
  process.arch === "arm64" ? ["aarch64", "ld-linux-aarch64.so.1"] : ["x86_64", "ld-linux-x86-64.so.2"];
const libraries = join(peer, `usr/lib/${machine}-linux-gnu`);
const program = join(libraries, loader);
const before = ["--library-path", libraries, join(peer, "usr/bin/nvim")];

function environment(home: string): NodeJS.ProcessEnv {
  return {
    ...cleanEnvironment(),
    ...{
      HOME: home,
      XDG_CONFIG_HOME: home,
      XDG_DATA_HOME: home,
      XDG_STATE_HOME: home,
      XDG_RUNTIME_DIR: home,
    },
    VIMRUNTIME: join(peer, "usr/share/nvim/runtime"),
    NVIM_LOG_FILE: join(home, "log"),
  };
}

function setupText(): string {
  const command = [process.execPath, join(root, "bin/tusker.js"), "lsp"].map((word) => JSON.stringify(word));
  return [
    `vim.opt.runtimepath:append(${JSON.stringify(join(peer, "usr/lib/nvim"))})`,
    'vim.opt.completeopt = { "menuone", "noinsert" }',
    `vim.g.tusker_command = { ${command.join(", ")} }`,
    `dofile(${JSON.stringify(join(root, "editors/neovim/tusker.lua"))})`,
  ].join("\n");
}

/** Within single quotes of Vim's language. */
function quoted(text: string): string {
  return text.replaceAll("'", "''");
}
