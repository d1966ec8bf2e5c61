import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../../kernel/index.ts";
import { memoryLog } from "./log.ts";
import type { Change, CheckStatus } from "./model.ts";
import { openStore, type Store } from "./store.ts";
import { Tables } from "./tables.ts";
import { topics } from "./topics.ts";

/** The same registry as plainly as it can be written: lists, searched from end to end. */
class Naive {
  nodes: { name: string; address: string }[] = [];
  services: { node: string; id: string; name: string; tags: readonly string[]; port: number }[] = [];
  checks: { node: string; id: string; status: CheckStatus; serviceId: string }[] = [];

  apply(change: Change): void {
    switch (change.kind) {
      case "node":
        this.nodes = this.nodes.filter(({ name }) => name !== change.node.name);
        this.nodes.push({ name: change.node.name, address: change.node.address });
        break;
      case "node-gone":
        this.nodes = this.nodes.filter(({ name }) => name !== change.name);
        this.services = this.services.filter(({ node }) => node !== change.name);
        this.checks = this.checks.filter(({ node }) => node !== change.name);
        break;
      case "service": {
        const { node, id, name, tags, port } = change.service;
        this.services = this.services.filter((s) => s.node !== node || s.id !== id);
        this.services.push({ node, id, name, tags, port });
        break;
      }
      case "service-gone":
        this.services = this.services.filter((s) => s.node !== change.node || s.id !== change.id);
        this.checks = this.checks.filter((c) => c.node !== change.node || c.serviceId !== change.id);
        break;
      case "check": {
        const { node, id, status, serviceId } = change.check;
        this.checks = this.checks.filter((c) => c.node !== node || c.id !== id);
        this.checks.push({ node, id, status, serviceId });
        break;
      }
      case "check-gone":
        this.checks = this.checks.filter((c) => c.node !== change.node || c.id !== change.id);
        break;
    }
  }

  /** What every topic shows, as text. */
  views(): Map<string, string> {
    const views = new Map<string, unknown>();
    const serviceOf = (c: { node: string; serviceId: string }) =>
      this.services.find((s) => s.node === c.node && s.id === c.serviceId);
    const address = (node: string) => this.nodes.find(({ name }) => name === node)?.address;
    const over = (s: { node: string; id: string }) =>
      this.checks.filter((c) => c.node === s.node && (c.serviceId === s.id || c.serviceId === ""));
    const check = (c: Naive["checks"][number]) => ({
      ...c,
      of: serviceOf(c)?.name,
      tags: serviceOf(c)?.tags,
    });
    for (const name of serviceNames) {
      const own = this.services.filter((s) => s.name === name);
      views.set(
        topics.service(name),
        own.map((s) => ({ ...s, at: address(s.node) })),
      );
      views.set(
        topics.health(name),
        own.map((s) => ({ ...s, at: address(s.node), checks: sorted(over(s).map(check)) })),
      );
      views.set(topics.checks(name), this.checks.filter((c) => serviceOf(c)?.name === name).map(check));
    }
    for (const name of nodeNames) {
      views.set(topics.node(name), [
        this.nodes.filter((n) => n.name === name),
        sorted(this.services.filter((s) => s.node === name)),
      ]);
      views.set(topics.nodeChecks(name), this.checks.filter((c) => c.node === name).map(check));
    }
    for (const state of ["passing", "warning", "critical"] as const) {
      views.set(topics.state(state), this.checks.filter(({ status }) => status === state).map(check));
    }
    views.set(topics.state("any"), this.checks.map(check));
    views.set(topics.nodes, this.nodes);
    views.set(
      topics.services,
      serviceNames.map((name) => {
        const own = this.services.filter((s) => s.name === name);
        return [name, own.length > 0, [...new Set(own.flatMap(({ tags }) => tags))].sort()];
      }),
    );
    return new Map([...views].map(([topic, value]) => [topic, JSON.stringify(sorted(value as unknown[]))]));
  }
}

const nodeNames = ["n1", "n2"];
const serviceNames = ["user", "order", "pay"];

function sorted(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}

const node = fc.constantFrom(...nodeNames);
const id = fc.constantFrom("i1", "i2", "i3");
const checkId = fc.constantFrom("c1", "c2", "c3");
const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({ node, address: fc.constantFrom("a", "b") })
    .map(({ node: name, address }): Change => ({ kind: "node", node: { name, id: "", address } })),
  node.map((name): Change => ({ kind: "node-gone", name })),
  fc
    .record({
      node,
      id,
      name: fc.constantFrom(...serviceNames),
      tags: fc.subarray(["x", "y"]),
      port: fc.constantFrom(1, 2),
    })
    .map(
      (own): Change => ({
        kind: "service",
        service: { ...own, address: "", weights: { passing: 1, warning: 1 }, enableTagOverride: false },
      }),
    ),
  fc.record({ node, id }).map((own): Change => ({ kind: "service-gone", ...own })),
  fc
    .record({
      node,
      id: checkId,
      serviceId: fc.constantFrom("", "i1", "i2", "i3"),
      status: fc.constantFrom<CheckStatus>("passing", "warning", "critical"),
      output: fc.constantFrom("", "said"),
    })
    .map(
      (own): Change => ({
        kind: "check",
        check: { ...own, name: own.id, notes: "", serviceName: "", serviceTags: [], type: "" },
      }),
    ),
  fc.record({ node, id: checkId }).map((own): Change => ({ kind: "check-gone", ...own })),
);
const transactions = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { maxLength: 40 });

const opened = (): Store => {
  const clock = manualClock();
  return openStore({ clock, log: memoryLog(1), maxWaiting: 1_000 });
};
const start: Change[] = nodeNames.map((name) => ({ kind: "node", node: { name, id: "", address: "a" } }));

test("any sequence of transactions leaves the same rows as the naive registry", async () => {
  await fc.assert(
    fc.asyncProperty(transactions, async (list) => {
      const store = opened();
      const naive = new Naive();
      for (const changes of [start, ...list]) {
        try {
          await store.commit(changes);
        } catch {
          continue;
        }
        for (const step of changes) naive.apply(step);
      }
      const { tables } = store;
      assert.deepEqual(
        sorted(tables.nodes().map(({ row }) => row.name)),
        sorted(naive.nodes.map(({ name }) => name)),
      );
      for (const name of serviceNames) {
        assert.deepEqual(
          sorted(
            tables.instances(name).map((s) => [s.node, s.id, s.tags, s.port, tables.checksOver(s).length]),
          ),
          sorted(
            naive.services
              .filter((s) => s.name === name)
              .map((s) => [
                s.node,
                s.id,
                s.tags,
                s.port,
                naive.checks.filter((c) => c.node === s.node && ["", s.id].includes(c.serviceId)).length,
              ]),
          ),
        );
      }
      assert.deepEqual(
        sorted(tables.checksIn("any").map((c) => [c.node, c.id, c.status, c.serviceId])),
        sorted(naive.checks.map((c) => [c.node, c.id, c.status, c.serviceId])),
      );
    }),
    { numRuns: 200 },
  );
});

test("a watcher wakes when what it sees changed, and only when something of its topic was written", async () => {
  await fc.assert(
    fc.asyncProperty(transactions, async (list) => {
      const store = opened();
      const naive = new Naive();
      for (const changes of [start, ...list]) {
        const before = naive.views();
        const woken = new Set<string>();
        const ending = new AbortController();
        for (const topic of before.keys()) {
          store.waits.on(topic, 1_000, ending.signal)?.then(() => {
            if (!ending.signal.aborted) woken.add(topic);
          });
        }
        const last = store.log.last;
        try {
          await store.commit(changes);
          for (const step of changes) naive.apply(step);
        } catch {
          assert.equal(store.log.last, last, "a refused transaction takes no index");
        }
        await Promise.resolve();
        const steps = store.log.since(last)?.flatMap((entry) => entry.changes) ?? [];
        for (const [topic, view] of naive.views()) {
          const changed = before.get(topic) !== view;
          if (changed) assert.ok(woken.has(topic), `${topic} changed and nobody was told`);
          // Several steps may cancel each other out; a single one never wakes for nothing.
          if (!changed && steps.length === 1) assert.ok(!woken.has(topic), `${topic} woke for nothing`);
          if (!changed && steps.length === 0) assert.ok(!woken.has(topic), `${topic} woke for nothing`);
        }
        ending.abort();
      }
    }),
    { numRuns: 150 },
  );
});

test("the log alone rebuilds the same tables, in rows and in indexes", async () => {
  await fc.assert(
    fc.asyncProperty(transactions, async (list) => {
      const store = opened();
      for (const changes of [start, ...list]) await store.commit(changes).catch(() => undefined);
      const rebuilt = new Tables();
      const indexes: number[] = [];
      for (const entry of store.log.since(1) ?? []) {
        rebuilt.apply(entry.index, entry.changes);
        indexes.push(entry.index);
      }
      assert.deepEqual(
        indexes,
        indexes.map((_, i) => i + 2),
        "no index is skipped or given twice",
      );
      const rows = (tables: Tables) => [
        tables.nodes().map(({ row }) => row),
        serviceNames.map((name) => tables.instances(name)),
        tables.checksIn("any").map((row) => ({ ...row, output: "" })),
        tables.listing(),
      ];
      assert.deepEqual(rows(rebuilt), rows(store.tables));
    }),
    { numRuns: 100 },
  );
});
