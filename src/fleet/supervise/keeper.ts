import { spawn } from "node:child_process";

/**
 * Sees to it that no process outlives a supervisor that was killed: a small shell process holds the list of our
 * process groups, and ends them when the pipe to us breaks, which the kernel does for any death of ours.
 */
export interface Keeper extends Disposable {
  add(pid: number): void;
  remove(pid: number): void;
}

// POSIX sh only. Groups that are left when input ends get TERM, then after a second KILL.
const script = `
pids=" "
while read -r op pid; do
  case "$op" in
    add) pids="$pids$pid " ;;
    remove) case "$pids" in *" $pid "*) pids="\${pids%% $pid *} \${pids#* $pid }" ;; esac ;;
  esac
done
[ "$pids" = " " ] && exit 0
for p in $pids; do kill -TERM "-$p" 2>/dev/null; done
sleep 1
for p in $pids; do kill -KILL "-$p" 2>/dev/null; done
`;

/** Starts the keeper. Where there is no /bin/sh (Windows) our own services still notice by their IPC channel. */
export function startKeeper(): Keeper {
  if (process.platform === "win32") return { add() {}, remove() {}, [Symbol.dispose]() {} };
  // A session of its own: Ctrl-C in the terminal must not end the keeper before it has done its work.
  const child = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  child.unref();
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  const tell = (line: string): void => {
    if (child.stdin.writable) child.stdin.write(`${line}\n`);
  };
  return {
    add: (pid) => tell(`add ${pid}`),
    remove: (pid) => tell(`remove ${pid}`),
    [Symbol.dispose]: () => child.stdin.end(),
  };
}
