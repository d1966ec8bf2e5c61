-- TuskLang in Neovim 0.10 and newer: `tusker lsp` of the project that is open answers about .tsk files.
-- In init.lua: dofile("…/editors/neovim/tusker.lua"). Another command: vim.g.tusker_command = { "node", "…", "lsp" }.
vim.filetype.add({ extension = { tsk = "tsk" } })

vim.api.nvim_create_autocmd("FileType", {
  pattern = "tsk",
  callback = function(event)
    vim.bo[event.buf].commentstring = "# %s"
    vim.bo[event.buf].expandtab = true
    vim.bo[event.buf].shiftwidth = 2
    local root = vim.fs.root(event.buf, { "tusker.tsk", "package.json" })
    vim.lsp.start({
      name = "tusker",
      cmd = vim.g.tusker_command or { "npx", "--no", "tusker", "lsp" },
      cmd_cwd = root,
      root_dir = root,
    })
  end,
})
