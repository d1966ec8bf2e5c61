/** Where background work lives: it fails loudly, and ends when its scope ends. */
export interface Scope extends AsyncDisposable {
  /** Fires when the scope is closing. Everything started here must end on it. */
  readonly signal: AbortSignal;
  /** Starts work nobody awaits. A failure that is not the scope's own ending goes to `onError`. */
  run(work: (signal: AbortSignal) => Promise<void>): void;
  /** Registers something to dispose, in reverse order of registration, when the scope closes. Returns it. */
  own<T extends Disposable | AsyncDisposable>(thing: T): T;
  /** Aborts, waits for all work, disposes what is owned. Calling it again waits for the same end. */
  close(): Promise<void>;
}

/** @param onError hears each failure of background work once. */
export function taskScope(onError: (error: unknown) => void, parent?: AbortSignal): Scope {
  const controller = new AbortController();
  const running = new Set<Promise<void>>();
  const owned = new AsyncDisposableStack();
  let ending: Promise<void> | undefined;
  const onParent = (): void => controller.abort(parent?.reason);
  if (parent?.aborted === true) onParent();
  else parent?.addEventListener("abort", onParent, { once: true });

  const close = async (): Promise<void> => {
    parent?.removeEventListener("abort", onParent);
    controller.abort();
    await Promise.all(running);
    await owned.disposeAsync();
  };

  const scope: Scope = {
    signal: controller.signal,
    run(work) {
      const task = Promise.resolve()
        .then(() => work(controller.signal))
        .catch((error: unknown) => {
          if (!controller.signal.aborted) onError(error);
        })
        .finally(() => running.delete(task));
      running.add(task);
    },
    own(thing) {
      owned.use(thing);
      return thing;
    },
    close: () => (ending ??= close()),
    [Symbol.asyncDispose]: () => scope.close(),
  };
  return scope;
}
