/** Operators of other dialects that run code, write, or read a request. They do not exist here, and never will. */
export function isDenied(name: string): boolean {
  const [head = ""] = name.split(".");
  return denied.has(head) || name.endsWith(".tsk.set") || /^file\.(?:write|append|delete)$/.test(name);
}

const denied: ReadonlySet<string> = new Set(
  "shell exec eval php fujsen request session cookie user lambda".split(" "),
);

/** The sentence of `TSK_DENIED_OPERATOR`. */
export function denial(name: string): string {
  return `@${name} is refused: reading a file never runs or writes anything`;
}
