import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { type Neovim, startNeovim } from "../support/neovim.ts";
import { skipWithout } from "../support/peer-program.ts";

// An editor that others wrote, with the client of the protocol it brings along, edits a fleet: what it asks, how it spells
// files, how it sends what is typed and what it does with our answers is its own.

const files = {
  "tusker.tsk": `$limit: 5s
@include "routes.tsk"
[fleet]
name: "shop"
[services]
user-service: { run: "node user.ts", port: 8081 }
order-service: { run: "node order.ts", port: 8082, dependencies: ["user-service"] }
[gateway]
timeout: $limit
`,
  "user.ts": "",
  "order.ts": "",
  "routes.tsk": `[routes]
"/api/users/*": { service: "user-service" }
`,
  "config/services/user-service.tsk": "greeting: 'hello'\n",
  "environment/prod.tsk": "[gateway]\ntimeout: 7s\n",
};

describe("Neovim", { skip: skipWithout("neovim"), concurrency: 1 }, () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "tusker neovim é ")));
  let editor: Neovim;

  before(async () => {
    write();
    editor = await startNeovim(folder);
  });
  after(async () => {
    await editor?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await editor.type("<Esc>");
    write();
    rmSync(join(folder, "config/services/people.tsk"), { force: true });
    await editor.lua("vim.cmd('silent! %bwipeout!')");
    await open("tusker.tsk");
    await problems("none", "#d == 0");
  });

  function write(): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  }

  /** Opens a file and waits until the server has it. */
  async function open(name: string): Promise<void> {
    await editor.lua(`vim.cmd.edit("${name}")`);
    await editor.waitFor(
      "the server",
      "local c = vim.lsp.get_clients({ bufnr = 0 })[1]; return c and c.initialized",
    );
  }

  /** The problems of the file in front, as soon as `fits` holds for them. */
  async function problems(what: string, fits: string): Promise<unknown> {
    // A request behind the changes is answered behind them, so what was told before is not taken for what is told now.
    await editor.lua(
      'vim.lsp.buf_request_sync(0, "textDocument/documentSymbol", { textDocument = vim.lsp.util.make_text_document_params() }, 20000)',
    );
    const list = `vim.tbl_map(function(one) return { one.code, one.lnum, one.col, one.end_col } end, d)`;
    try {
      return await editor.waitFor(
        `problems: ${what}`,
        `local d = vim.diagnostic.get(0); return ${fits} and { list = ${list} }`,
      );
    } catch (error) {
      const d = await editor.lua(
        "return { vim.diagnostic.get(0), vim.api.nvim_buf_get_lines(0, 0, -1, true) }",
      );
      throw new Error(`instead of ${what}: ${JSON.stringify(d)}`, { cause: error });
    }
  }

  const cursor = (line: number, column: number): Promise<unknown> =>
    editor.lua(`vim.api.nvim_win_set_cursor(0, { ${line}, ${column} })`);
  const lines = (): Promise<unknown> => editor.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, true)");
  const line = async (at: number): Promise<unknown> =>
    await editor.lua(`return vim.api.nvim_buf_get_lines(0, ${at - 1}, ${at}, true)[1]`);

  test("sees a mistake where it is typed, letter by letter, and sees it go", async () => {
    await cursor(9, 0);
    await editor.type("cwtimout<Esc>");
    assert.deepEqual(await problems("one", "#d == 1"), { list: [["FLEET_UNKNOWN_KEY", 8, 0, 6]] });
    await editor.type("u");
    await problems("none again", "#d == 0");
    // Columns are of UTF-16 in the protocol and of bytes in Neovim: both sides have to convert what is not ASCII.
    await editor.type('Gonote: "né 😀 ${limt}"<Esc>');
    const { list } = (await problems("the unknown name", "#d > 0")) as { list: unknown[][] };
    const text = String(await line(10));
    const [, at, from, to] = list[0] ?? [];
    assert.equal(at, 9);
    const marked = Buffer.from(text).subarray(Number(from), Number(to)).toString();
    assert.match(marked, /limt|note/);
  });

  test("completes keys, services and variables at the place", async () => {
    const offered = async (keys: string): Promise<unknown> => {
      await editor.type(keys);
      await editor.waitFor(
        "the menu",
        'return vim.fn.pumvisible() == 1 and vim.fn.complete_info({ "items" }).items',
      );
      const found = await editor.lua(
        'return vim.tbl_map(function(i) return i.abbr ~= "" and i.abbr or i.word end, vim.fn.complete_info({ "items" }).items)',
      );
      return found;
    };
    await cursor(9, 0);
    assert.deepEqual(await offered("orate_limit_w<C-x><C-o>"), ["rate_limit_window"]);
    await editor.type("<C-y>1m<Esc>");
    assert.equal(await line(10), "rate_limit_window: 1m");
    await problems("none", "#d == 0");
    await cursor(7, 0);
    await editor.type('f[a"user-service", <Esc>');
    assert.deepEqual(await offered('i"user<C-x><C-o>'), ["user-service"]);
  });

  test("shows on hover what holds and who wrote it", async () => {
    await open("environment/prod.tsk");
    await cursor(2, 1);
    const text = await editor.lua(`
      local found = vim.lsp.buf_request_sync(0, "textDocument/hover", vim.lsp.util.make_position_params(), 20000)
      for _, one in pairs(found) do return one.result.contents.value end`);
    assert.match(
      String(text),
      /gateway\.timeout = "7s".*\*\*wins\*\* environment.*prod\.tsk:2:10.*overridden base/s,
    );
    await editor.lua("vim.lsp.buf.hover()");
    await editor.waitFor(
      "the window of the hover",
      `for _, w in ipairs(vim.api.nvim_list_wins()) do
         if vim.api.nvim_win_get_config(w).relative ~= "" then return true end
       end`,
    );
  });

  test("goes to the definition of a variable, an included file, a service in another file", async () => {
    const goes = async (from: string, at: number, column: number): Promise<unknown> => {
      await open(from);
      await cursor(at, column);
      await editor.lua("vim.g.before = vim.fn.bufname() .. vim.fn.line('.'); vim.lsp.buf.definition()");
      await editor.waitFor("the jump", "return vim.fn.bufname() .. vim.fn.line('.') ~= vim.g.before");
      return await editor.lua("return { vim.fs.basename(vim.fn.bufname()), vim.fn.line('.') }");
    };
    assert.deepEqual(await goes("tusker.tsk", 9, 11), ["tusker.tsk", 1]);
    assert.deepEqual(await goes("tusker.tsk", 2, 12), ["routes.tsk", 1]);
    assert.deepEqual(await goes("routes.tsk", 2, 30), ["tusker.tsk", 6]);
  });

  test("finds every use of a service, in every file", async () => {
    await cursor(6, 3);
    await editor.lua("vim.lsp.buf.references()");
    const found = await editor.waitFor(
      "the list",
      `local list = vim.fn.getqflist()
       return #list > 0 and vim.tbl_map(function(one) return vim.fs.basename(vim.fn.bufname(one.bufnr)) .. ":" .. one.lnum end, list)`,
    );
    await editor.lua("vim.fn.setqflist({}); vim.cmd.cclose()");
    assert.deepEqual([found].flat().sort(), ["routes.tsk:2", "tusker.tsk:6", "tusker.tsk:7"]);
  });

  test("renames a service in every file, and the file that bears its name", async () => {
    await cursor(6, 3);
    await editor.lua('vim.lsp.buf.rename("people")');
    await editor.waitFor("the rename", 'return vim.fn.getline(6):find("people", 1, true) == 1');
    await editor.waitFor(
      "the move",
      `return vim.uv.fs_stat(${JSON.stringify(join(folder, "config/services/people.tsk"))}) ~= nil`,
    );
    await editor.lua('vim.cmd("silent wall")');
    assert.match(readFileSync(join(folder, "routes.tsk"), "utf8"), /service: "people"/);
    assert.match(
      readFileSync(join(folder, "tusker.tsk"), "utf8"),
      /^people: .*\n.*dependencies: \["people"\]/m,
    );
    assert.equal(existsSync(join(folder, "config/services/user-service.tsk")), false);
    await problems("none", "#d == 0");
  });

  test("writes in the one style when it saves, and applies a quick fix", async () => {
    await editor.lua(`vim.api.nvim_create_autocmd("BufWritePre", { buffer = 0, callback = function()
      vim.lsp.buf.format({ timeout_ms = 20000 }) end })`);
    await cursor(9, 0);
    await editor.type("C  timout   =   $limit   # why<Esc>");
    await cursor(9, 3);
    await problems("the unknown key", '#d > 0 and d[1].code == "FLEET_UNKNOWN_KEY"');
    await editor.lua(`vim.lsp.buf.code_action({ apply = true,
      filter = function(one) return one.title == "change to timeout" end })`);
    await editor.waitFor("the fix", 'return vim.fn.getline(9):find("timeout", 1, true)');
    await editor.lua('vim.cmd("silent write")');
    assert.match(readFileSync(join(folder, "tusker.tsk"), "utf8"), /^timeout: \$limit # why$/m);
    await problems("none", "#d == 0");
  });

  test("colours by the meaning the server tells", async () => {
    const kinds = await editor.waitFor(
      "the tokens",
      `local found = vim.lsp.semantic_tokens.get_at_pos(0, 8, 10)
       return found and #found > 0 and vim.tbl_map(function(one) return one.type end, found)`,
    );
    assert.deepEqual(kinds, ["variable"]);
  });

  test("and the server agree on the text after a thousand small edits", async () => {
    // Comments take any character and are written as they stand: what comes back from formatting is the server's text.
    await editor.lua(`
      math.randomseed(7)
      vim.api.nvim_buf_set_lines(0, 0, -1, true, { "# one", "# two", "# three", "a=  2" })
      local pieces = { "a", "é", "😀", "e\\u{301}", '"', "{", ":", "\\n# x" }
      for _ = 1, 1000 do
        local rows = vim.api.nvim_buf_line_count(0) - 1
        local row = math.random(rows) - 1
        local text = vim.api.nvim_buf_get_lines(0, row, row + 1, true)[1]
        local from = vim.str_byteindex(text, math.random(3, (vim.str_utfindex(text))))
        local to, last, new = row, from, vim.split(pieces[math.random(#pieces)], "\\n")
        if math.random() < 0.3 then last, new = #text, { "" } end
        if math.random() < 0.1 and row < rows - 1 then to, last = row + 1, 2 end
        vim.api.nvim_buf_set_text(0, row, from, to, last, new)
      end`);
    const typed = await lines();
    await editor.lua("vim.lsp.buf.format({ timeout_ms = 20000 })");
    assert.deepEqual(await lines(), Array.isArray(typed) ? [...typed.slice(0, -1), "a: 2"] : []);
  });
});
