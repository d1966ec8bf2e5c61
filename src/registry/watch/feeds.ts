import type { Clock, Random } from "../../kernel/index.ts";
import type { ChangeLog } from "../state/log.ts";
import type { Store } from "../state/store.ts";
import type { Applied } from "../state/tables.ts";
import { type Topic, topics } from "../state/topics.ts";
import { Feed } from "./feed.ts";
import { type Frame, stillHere } from "./frame.ts";
import { keysSubject, serviceSubject } from "./subject.ts";
import { Watcher } from "./watcher.ts";

/** What can be watched: the healthy instances of a service, or the keys that begin alike. */
export type Watched =
  | { readonly kind: "service"; readonly name: string }
  | { readonly kind: "keys"; readonly prefix: string };

/** A stream that was opened. */
export interface OpenWatch extends Disposable {
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The delta streams of a registry. */
export interface Feeds extends Disposable {
  /**
   * Opens a stream. It begins with what the reader lacks: the changes since the version it names if they are known,
   * else all there is. Undefined: too many are open.
   *
   * @param since a version as a frame named it; anything else counts as none
   * @param cut closes the connection of a reader who takes nothing any more
   */
  open(watched: Watched, since: string | undefined, cut: () => void): OpenWatch | undefined;
  /** How many are open. */
  readonly watching: number;
}

export interface FeedsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** How many streams may be open at once. */
  readonly max: number;
  readonly onError: (error: unknown) => void;
}

/** Transactions that are looked through for one who comes back; after more of them it is told all there is. */
const maxRecalled = 1_000;

/** How often a silent stream says that it is alive. */
const beatMs = 15_000;

/** Feeds come with their first watcher and go with their last one; nobody watching costs nothing. */
export function feeds({ store, clock, random, max, onError }: FeedsOptions): Feeds {
  const { tables, log } = store;
  const epoch = Array.from({ length: 8 }, () => random.below(16).toString(16)).join("");
  /** By topic: a change names few, however many are watched. */
  const services = new Map<Topic, Feed>();
  const prefixes = new Map<string, Feed>();
  const cuts = new Map<Watcher, () => void>();
  const dirty = new Set<Feed>();
  let flushing = false;
  let closed = false;

  /** Frames are made of what is true now, and sent when that is safe; what changes meanwhile shares the next ones. */
  const flush = async (): Promise<void> => {
    if (flushing) return;
    flushing = true;
    try {
      while (dirty.size > 0) {
        const changed = [...dirty];
        dirty.clear();
        const index = log.last;
        for (const feed of changed) feed.step(index);
        await log.settled(index);
        for (const feed of changed) feed.send(index);
      }
    } catch (error) {
      // What they lack will never be safe: they are better told so when they come back.
      for (const watcher of [...cuts.keys()]) watcher.end();
      onError(error);
    } finally {
      flushing = false;
    }
  };
  const mark = (feed: Feed | undefined): void => {
    if (feed === undefined) return;
    dirty.add(feed);
    // After the transaction's own work, and once for all of this moment.
    queueMicrotask(() => void flush());
  };
  store.follow(({ touched, keys }: Applied) => {
    if (cuts.size === 0) return;
    for (const topic of touched) mark(services.get(topic));
    for (const [prefix, feed] of prefixes) {
      for (const key of keys) {
        if (!key.startsWith(prefix)) continue;
        feed.changed(key);
        mark(feed);
      }
    }
  });

  const beat = (): void => {
    for (const [watcher, cut] of [...cuts]) if (!watcher.beat(stillHere)) cut();
    timer = clock.after(beatMs, beat, { background: true });
  };
  let timer = clock.after(beatMs, beat, { background: true });

  const feedOf = (watched: Watched): Feed => {
    if (watched.kind === "service") {
      const topic = topics.health(watched.name);
      const feed = services.get(topic) ?? new Feed(serviceSubject(tables, watched.name), epoch, log.last);
      services.set(topic, feed);
      return feed;
    }
    const feed =
      prefixes.get(watched.prefix) ?? new Feed(keysSubject(tables, watched.prefix), epoch, log.last);
    prefixes.set(watched.prefix, feed);
    return feed;
  };
  const leave = (watched: Watched, feed: Feed, watcher: Watcher): void => {
    watcher.end();
    feed.watchers.delete(watcher);
    cuts.delete(watcher);
    if (feed.watchers.size > 0) return;
    if (watched.kind === "service") services.delete(topics.health(watched.name));
    else prefixes.delete(watched.prefix);
  };

  return {
    open(watched, since, cut) {
      if (cuts.size >= max) return undefined;
      const topic = watched.kind === "service" ? topics.health(watched.name) : topics.prefix(watched.prefix);
      const feed = feedOf(watched);
      let known = indexIn(since, epoch);
      const watcher = new Watcher(() => {
        const version = store.version(topic);
        const missed = known === undefined ? undefined : lacking(feed, log, known, version);
        known = undefined;
        return { frame: missed ?? feed.snapshot(version, log.last), safe: log.settled(version) };
      });
      feed.watchers.add(watcher);
      cuts.set(watcher, cut);
      if (closed) watcher.end();
      return { bytes: watcher.body, [Symbol.dispose]: () => leave(watched, feed, watcher) };
    },
    get watching() {
      return cuts.size;
    },
    [Symbol.dispose]() {
      closed = true;
      timer.cancel();
      for (const watcher of [...cuts.keys()]) watcher.end();
    },
  };
}

/** What who knows everything up to `known` must hear; undefined: all there is. */
function lacking(feed: Feed, log: ChangeLog, known: number, version: number): Frame | undefined {
  if (version <= known) return feed.current(known);
  const kept = feed.missed(known);
  if (kept !== undefined) return kept;
  // Its feed went with its last reader, or had more to say than it keeps; the log knows longer.
  const entries = log.since(known);
  if (entries === undefined || entries.length > maxRecalled) return undefined;
  return feed.recalled(known, entries, version, log.last);
}

/** The index in a version that this process gave out. */
function indexIn(version: string | undefined, epoch: string): number | undefined {
  const found = /^([0-9a-f]{8})-(\d{1,16})$/.exec(version ?? "");
  return found?.[1] === epoch ? Number(found[2]) : undefined;
}
