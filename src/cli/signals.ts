/** Resolves at the first SIGINT or SIGTERM; `onSecond` hears the next ones. */
export function untilSignal(
  onSecond: () => void = () => {},
): Disposable & { readonly asked: Promise<NodeJS.Signals> } {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let heard = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (heard) onSecond();
    heard = true;
    resolve(signal);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    asked: promise,
    [Symbol.dispose]() {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
