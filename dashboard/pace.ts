/** Runs at most once per pause, and once more at its end when it was wanted in between. */
export function paced(pauseMs: number, run: () => Promise<void>): () => void {
  let busy = false;
  let again = false;
  const go = async (): Promise<void> => {
    busy = true;
    again = false;
    await Promise.all([run(), new Promise((resolve) => setTimeout(resolve, pauseMs))]);
    busy = false;
    if (again) void go();
  };
  return () => {
    if (busy) again = true;
    else void go();
  };
}
