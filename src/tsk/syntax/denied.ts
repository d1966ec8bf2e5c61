/** Operators of other dialects that run code, write, or read a request. They do not exist here, and never will. */
export function isDenied(name: string): boolean {
  const [head = ""] = name.split(".");
  return denied.has(head) || name.endsWith(".tsk.set") || /^file\.(?:write|append|delete)$/.test(name);
}

const denied: ReadonlySet<string> = new Set(
  "shell exec eval php fujsen request session cookie user lambda".split(" "),
);

/** The sentence of `TSK_DENIED_OPERATOR`, and what to write in its place. */
export function denial(name: string): { readonly message: string; readonly help: string } {
  return {
    message: `@${name} is refused: reading a file never runs or writes anything`,
    help: insteadOf(name),
  };
}

function insteadOf(name: string): string {
  const [head = ""] = name.split(".");
  if (name.endsWith(".set")) return "write the value into the file that should have it";
  if (head === "file") return '@file("path") reads a file; nothing here writes one';
  if (/^(?:request|session|cookie|user)$/.test(head))
    return "requests are known to the routes of the gateway and to services, not to a file";
  return 'run it before, and read what it gave: @env("NAME") or @file("path")';
}
