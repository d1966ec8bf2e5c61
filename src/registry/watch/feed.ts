import { SharedBytes } from "../../net/index.ts";
import type { LogEntry } from "../state/log.ts";
import { type Frame, frame } from "./frame.ts";
import type { Subject } from "./subject.ts";
import type { Watcher } from "./watcher.ts";

/** Frames kept for readers who come back, and what they may weigh. */
const [maxKept, maxKeptBytes] = [256, 1_000_000];

/**
 * Everybody who watches one thing: its changes become frames once, which all of them share, and the last ones are
 * kept, so that who was away for a moment hears only what it missed.
 */
export class Feed {
  readonly watchers = new Set<Watcher>();
  readonly #subject: Subject;
  readonly #epoch: string;
  /** Made, and not to be shown before they are safe. */
  #unsent: Frame[] = [];
  readonly #kept: Frame[] = [];
  #keptBytes = 0;
  /** Every change after this index is kept. */
  #since: number;
  #sent: number;
  #snapshot: Frame | undefined;
  #recalled: (Frame & { readonly since: number }) | undefined;

  /**
   * @param epoch of this process: an index of another one says nothing here
   * @param index up to which the subject was read
   */
  constructor(subject: Subject, epoch: string, index: number) {
    this.#subject = subject;
    this.#epoch = epoch;
    this.#since = index;
    this.#sent = index;
  }

  /** What a reader who knows everything up to `since` must hear; undefined: only a snapshot helps. */
  missed(since: number): Frame | undefined {
    if (since < this.#since) return undefined;
    const frames = this.#kept.filter(({ index }) => index > since).map(({ bytes }) => bytes.bytes);
    const index = Math.max(since, this.#sent);
    const bytes = frames.length === 0 ? this.current(since).bytes : new SharedBytes(Buffer.concat(frames));
    return { index, bytes };
  }

  /** Says that a reader knows everything. */
  current(index: number): Frame {
    return { index, bytes: frame("current", this.#versionOf(index), "{}") };
  }

  /**
   * All there is, built once for all who ask before the next change.
   *
   * @param version index of the last change of the subject
   * @param now index of the last change of anything
   */
  snapshot(version: number, now: number): Frame {
    // What changed since the last frame is in this state. It needs a frame all the same: if the change is taken back
    // before the next one is made, nobody else would tell this reader.
    this.step(now);
    if (this.#snapshot?.index !== version) {
      const bytes = frame("snapshot", this.#versionOf(version), this.#subject.snapshot());
      this.#snapshot = { index: version, bytes };
    }
    return this.#snapshot;
  }

  /**
   * What a reader lacks for whom no frame was kept, worked out of the log: once for all who come back from the same
   * moment before the next change.
   */
  recalled(since: number, entries: readonly LogEntry[], version: number, now: number): Frame {
    // As for a snapshot.
    this.step(now);
    if (this.#recalled?.since !== since || this.#recalled.index !== version) {
      const bytes = frame("delta", this.#versionOf(version), this.#subject.since(entries));
      this.#recalled = { since, index: version, bytes };
    }
    return this.#recalled;
  }

  /** Hears that a key changed. */
  changed(key: string): void {
    this.#subject.changed(key);
  }

  /** Makes a frame of what changed up to `index`, to be sent when that is safe. */
  step(index: number): void {
    const delta = this.#subject.delta();
    if (delta !== undefined)
      this.#unsent.push({ index, bytes: frame("delta", this.#versionOf(index), delta) });
  }

  /** Sends what was made up to `index`. */
  send(index: number): void {
    const ready = this.#unsent.filter((made) => made.index <= index);
    if (ready.length === 0) return;
    this.#unsent = this.#unsent.slice(ready.length);
    for (const made of ready) {
      this.#sent = made.index;
      this.#keep(made);
      for (const watcher of this.watchers) watcher.offer(made);
    }
  }

  #keep(made: Frame): void {
    this.#kept.push(made);
    this.#keptBytes += made.bytes.bytes.byteLength;
    while (this.#kept.length > maxKept || this.#keptBytes > maxKeptBytes) {
      const oldest = this.#kept.shift();
      if (oldest === undefined) return;
      this.#keptBytes -= oldest.bytes.bytes.byteLength;
      this.#since = oldest.index;
    }
  }

  #versionOf(index: number): string {
    return `${this.#epoch}-${index}`;
  }
}
