import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { routeProblems } from "./problems.ts";
import { compileTable, type Matchable } from "./table.ts";

const route = (path: string, more: Partial<Matchable> = {}): Matchable => ({
  path,
  methods: undefined,
  ...more,
});

function told(...routes: Matchable[]): string[] {
  return routeProblems(routes).map(({ kind, path, index }) => `${kind} ${path} ${index}`);
}

test("a pattern behind a prefix that begins alike is never reached, and that is said", () => {
  assert.deepEqual(told(route("/users/*"), route("/users/{id}")), ["shadowed /users/{id} 0"]);
  assert.deepEqual(told(route("/users/{id}/orders/*"), route("/users/*")), [
    "shadowed /users/{id}/orders/* 0",
  ]);
  assert.deepEqual(told(route("/*"), route("/{any}")), ["shadowed /{any} 0"]);
  const [problem] = routeProblems([
    route("/users/*", { methods: ["GET"] }),
    route("/users/{id}", { methods: ["GET", "PUT"] }),
  ]);
  assert.equal(
    problem?.message,
    'GET of path "/users/{id}" is never reached: "/users/*" takes all of it: a prefix goes before a pattern that begins alike',
  );
});

test("a pattern is reached where the prefix leaves something to it", () => {
  const get = { methods: ["GET"] };
  assert.deepEqual(told(route("/*"), route("/users/{id}"), route("/users")), []);
  assert.deepEqual(told(route("/users/*", get), route("/users/{id}", { methods: ["PUT"] })), []);
  assert.deepEqual(told(route("/users/*", get), route("/users/{id}")), [], "every other method");
  assert.deepEqual(told(route("/users/*", { headers: { "X-V": "2" } }), route("/users/{id}")), []);
  assert.deepEqual(told(route("/users/*"), route("/users/{id}", { hosts: ["a.test"] })), []);
  assert.deepEqual(told(route("/users/*"), route("/users/{id}", { methods: ["TRACE"] })), []);
});

test("a route behind one of the same path that asks for less is never reached", () => {
  const asks = (value: string) => route("/a", { headers: { "X-V": value } });
  assert.deepEqual(told(asks("*"), asks("2")), ["shadowed /a 1"]);
  assert.deepEqual(told(asks("2"), asks("*")), []);
  assert.deepEqual(told(route("/a", { headers: { "x-v": "*" } }), asks("2")), ["shadowed /a 1"]);
  assert.deepEqual(told(route("/a"), asks("2")), [], "who asks for more goes first");
});

test("a pattern is never reached where several together leave nothing to it", () => {
  const all = [route("/a/{x}"), route("/a/{x}//*"), route("/a/{x}/{y}/*")];
  assert.deepEqual(told(...all, route("/a/{x}/*")), ["shadowed /a/{x}/* 0"]);
  const [problem] = routeProblems([route("/a/{x}/*"), ...all]);
  assert.equal(
    problem?.message,
    'path "/a/{x}/*" is never reached: "/a/{x}" and "/a/{x}//*" and "/a/{x}/{y}/*" together take all of it, and go before it',
  );
  for (const one of all)
    assert.deepEqual(told(...all.filter((other) => other !== one), route("/a/{x}/*")), [], one.path);
  const get = { methods: ["GET"] };
  const asking = { headers: { "X-V": "2" } };
  assert.deepEqual(told(...all, route("/a/{x}/*", get)), ["shadowed /a/{x}/* 0"]);
  assert.deepEqual(told(...all.map(({ path }) => route(path, get)), route("/a/{x}/*")), [], "other methods");
  assert.deepEqual(told(...all.map(({ path }) => route(path, asking)), route("/a/{x}/*")), []);
  assert.deepEqual(told(...all.map(({ path }) => route(path, asking)), route("/a/{x}/*", asking)), [
    "shadowed /a/{x}/* 0",
  ]);
});

test("an expression before a value it fits leaves nothing to it", () => {
  const asks = (value: string) => route("/a", { headers: { "X-V": value } });
  assert.deepEqual(told(asks("~v[0-9]+"), asks("v2")), ["shadowed /a 1"]);
  assert.deepEqual(told(asks("~v[0-9]+"), asks("v2b")), []);
  assert.deepEqual(told(asks("~v[0-9]+"), asks("~v[0-9]")), [], "of two expressions nobody says");
});

/** Every request of a small world: what no route writes is in it too. */
const world = (() => {
  const segments = ["a", "b", "other", ""];
  const paths = [1, 2, 3].flatMap((length) =>
    Array.from({ length: segments.length ** length }, (_, number) => {
      const parts = Array.from(
        { length },
        (_, at) => segments[Math.floor(number / segments.length ** at) % 4],
      );
      return `/${parts.join("/")}`;
    }),
  );
  const values = [undefined, "1", "other"];
  const heads = values.flatMap((a) => values.map((b) => ({ "x-a": a, "x-b": b })));
  const methods = ["GET", "PUT", "HEAD", "OTHER"];
  return { paths, heads, methods, hosts: ["h.test", "other.test"] };
})();

test("never reached is exactly what no request of a small world reaches", () => {
  const segment = fc.constantFrom("a", "b", "", "{x}", "{y}");
  const path = fc
    .tuple(fc.array(segment, { minLength: 1, maxLength: 2 }), fc.boolean())
    .filter(
      ([segments]) =>
        new Set(segments.filter((one) => one.startsWith("{"))).size ===
        segments.filter((one) => one.startsWith("{")).length,
    )
    .map(([segments, rest]) => `/${[...segments, ...(rest ? ["*"] : [])].join("/")}`);
  const wants = fc.option(
    fc.dictionary(fc.constantFrom("x-a", "x-b"), fc.constantFrom("*", "1"), { maxKeys: 2 }),
    {
      nil: undefined,
      freq: 1,
    },
  );
  const routes = fc.array(
    fc.record({
      path,
      methods: fc.constantFrom(undefined, undefined, ["GET"], ["PUT"], ["HEAD"]),
      hosts: fc.constantFrom(undefined, undefined, ["h.test"]),
      headers: wants,
    }),
    { minLength: 8, maxLength: 16 },
  );
  let dead = 0;
  fc.assert(
    fc.property(routes, (all) => {
      const table = compileTable(all);
      const reached = new Set<Matchable>();
      for (const host of world.hosts)
        for (const method of world.methods)
          for (const head of world.heads) {
            const header = (name: string): string | undefined => Reflect.get(head, name);
            for (const at of world.paths) {
              const match = table.match(method, at, { host, query: "", header });
              if (match.kind === "route") reached.add(match.route);
            }
          }
      const numbers = new Map<string, number>();
      const problems = routeProblems(all);
      for (const one of all) {
        const index = numbers.get(one.path) ?? 0;
        numbers.set(one.path, index + 1);
        const never = problems.some((problem) => problem.path === one.path && problem.index === index);
        if (never) dead++;
        assert.equal(never, !reached.has(one), `${JSON.stringify(one)} is ${never ? "" : "not "}told of`);
      }
    }),
    { numRuns: 60 },
  );
  // Forty-four on average over seeds, thirty-five at least of twelve.
  assert.ok(dead > 20, "the routes were such that it matters");
});

test("what is said to be never reached is reached by no request", () => {
  const segment = fc.constantFrom("a", "b", "{x}", "{y}");
  const path = fc
    .tuple(fc.uniqueArray(segment, { maxLength: 3 }), fc.boolean())
    .map(([segments, rest]) => `/${[...segments, ...(rest ? ["*"] : [])].join("/")}`);
  const wants = fc.option(fc.dictionary(fc.constantFrom("x-a", "x-b"), fc.constantFrom("*", "1", "2")), {
    nil: undefined,
    freq: 1,
  });
  const routes = fc.array(
    fc.record({
      path,
      methods: fc.constantFrom(undefined, ["GET"], ["PUT"], ["HEAD"]),
      hosts: fc.constantFrom(undefined, ["h.test"]),
      headers: wants,
    }),
    { minLength: 6, maxLength: 12 },
  );
  const request = fc.record({
    method: fc.constantFrom("GET", "PUT", "HEAD", "PATCH"),
    path: fc
      .array(fc.constantFrom("a", "b", "c", ""), { minLength: 1, maxLength: 4 })
      .map((all) => `/${all.join("/")}`),
    host: fc.constantFrom("h.test", "other.test"),
    headers: fc.dictionary(fc.constantFrom("x-a", "x-b"), fc.constantFrom("1", "2", "3")),
  });
  let shadowed = 0;
  fc.assert(
    fc.property(routes, fc.array(request, { minLength: 20, maxLength: 40 }), (all, requests) => {
      const numbers = new Map<string, number>();
      const placed = all.map((one) => {
        const index = numbers.get(one.path) ?? 0;
        numbers.set(one.path, index + 1);
        return { one, name: `${one.path} ${index}` };
      });
      const dead = new Set(
        routeProblems(all)
          .filter(({ kind }) => kind === "shadowed")
          .map(({ path: at, index }) => `${at} ${index}`),
      );
      shadowed += dead.size;
      const table = compileTable(all);
      for (const { method, path: at, host, headers } of requests) {
        const match = table.match(method, at, { host, query: "", header: (name) => headers[name] });
        const taken = placed.find(({ one }) => match.kind === "route" && match.route === one);
        assert.ok(taken === undefined || !dead.has(taken.name), taken?.name);
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(shadowed > 50, "the routes were such that it matters");
});
