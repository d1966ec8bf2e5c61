/** What a connection has done so far, for whoever operates it: counts since it was made. */
export class Tally {
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
  heardMs: number;
  begun = 0;
  succeeded = 0;
  failed = 0;
  bytesReceived = 0;
  keepalives = 0;
  stalls = 0;

  constructor(nowMs: number) {
    this.sinceMs = nowMs;
    this.heardMs = nowMs;
  }
}
