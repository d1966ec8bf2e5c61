import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, TuskerError } from "../../kernel/index.ts";
import type { Change } from "../state/model.ts";
import { openStore } from "../state/store.ts";
import type { Disk, StoredChange } from "./disk.ts";
import { diskLog } from "./disk-log.ts";

interface SlowDisk extends Disk {
  readonly batches: (readonly StoredChange[])[];
  /** Ends the write that runs. */
  done(error?: Error): Promise<void>;
  readonly closed: boolean;
}

function slowDisk(last: number = 0): SlowDisk {
  const batches: (readonly StoredChange[])[] = [];
  let writing = Promise.withResolvers<void>();
  let closed = false;
  return {
    last,
    rows: (async function* () {})(),
    batches,
    write(batch) {
      batches.push(batch);
      writing = Promise.withResolvers();
      return writing.promise;
    },
    async done(error) {
      if (error === undefined) writing.resolve();
      else writing.reject(error);
      await turn();
    },
    async close() {
      closed = true;
    },
    get closed() {
      return closed;
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const node = (name: string): Change => ({ kind: "node", node: { name, id: "", address: "a" } });

function opened(last?: number) {
  const disk = slowDisk(last);
  const heard: string[] = [];
  const log = diskLog(disk, { start: 100, path: "/d/registry.db", onFailure: (e) => heard.push(e.message) });
  const store = openStore({ clock: manualClock(), log, maxWaiting: 10 });
  const acknowledged: string[] = [];
  const commit = (name: string): void => {
    store.commit([node(name)]).then(
      () => acknowledged.push(name),
      (error: unknown) => acknowledged.push(`${name}: ${error instanceof TuskerError ? error.code : error}`),
    );
  };
  return { disk, log, store, heard, acknowledged, commit };
}

test("a change is acknowledged when it is on disk and not before", async () => {
  const { disk, acknowledged, commit, store } = opened();
  commit("a");
  await turn();
  assert.equal(store.tables.nodes().length, 1);
  assert.deepEqual(acknowledged, []);
  await disk.done();
  assert.deepEqual(acknowledged, ["a"]);
});

test("changes of one moment share a sync, and what comes during a sync shares the next one", async () => {
  const { disk, acknowledged, commit } = opened();
  commit("a");
  commit("b");
  await turn();
  commit("c");
  commit("d");
  await turn();
  const sizes = () => disk.batches.map((batch) => batch.map(({ key }) => key));
  assert.deepEqual(sizes(), [["a", "b"]]);
  await disk.done();
  assert.deepEqual(acknowledged, ["a", "b"]);
  assert.deepEqual(sizes(), [
    ["a", "b"],
    ["c", "d"],
  ]);
  await disk.done();
  assert.deepEqual(acknowledged, ["a", "b", "c", "d"]);
});

test("who writes what somebody is just writing waits for the same sync", async () => {
  const { disk, acknowledged, commit } = opened();
  commit("a");
  await turn();
  commit("a");
  await turn();
  assert.deepEqual(acknowledged, []);
  await disk.done();
  assert.deepEqual(acknowledged, ["a", "a"]);
  assert.equal(disk.batches.length, 1);
});

test("numbering goes on above the disk and above the start, whichever is higher", () => {
  assert.equal(opened(7).log.last, 100);
  assert.equal(opened(5_000).log.last, 5_000);
});

test("after a failed sync nothing is written, and nothing is told that is not safe", async () => {
  const { disk, log, acknowledged, commit, heard } = opened();
  commit("safe");
  await turn();
  await disk.done();
  const safe = log.last;
  commit("lost");
  await turn();
  commit("behind");
  await disk.done(new Error("disk I/O error"));
  commit("later");
  await turn();
  assert.deepEqual(acknowledged, [
    "safe",
    "lost: REGISTRY_STORAGE",
    "behind: REGISTRY_STORAGE",
    "later: REGISTRY_STORAGE",
  ]);
  assert.equal(log.settled(safe), undefined);
  await assert.rejects(async () => log.settled(log.last), { code: "REGISTRY_STORAGE" });
  assert.equal(disk.batches.length, 2, "a failed sync is not tried again");
  assert.equal(heard.length, 1);
  assert.match(heard[0] ?? "", /\/d\/registry\.db \(disk I\/O error\).*refuses writes until/);
});

test("closing waits for what was taken, and takes no more", async () => {
  const { disk, log, acknowledged, commit } = opened();
  commit("a");
  await turn();
  commit("b");
  const closing = log.close();
  commit("c");
  await disk.done();
  assert.equal(disk.closed, false);
  await disk.done();
  await closing;
  assert.equal(disk.closed, true);
  assert.deepEqual(acknowledged, ["c: REGISTRY_STORAGE", "a", "b"]);
});
