import { compileTable } from "../src/gateway/match/table.ts";
import type { Case } from "./subject.ts";

/** Ten thousand routes of every kind, under hosts and without. */
const routes = Array.from({ length: 10_000 }, (_, i) => {
  const path = [`/s${i}`, `/s${i}/*`, `/s${i}/{id}`, `/s${i}/{id}/items/*`][i % 4] ?? "/";
  return {
    path,
    methods: i % 3 === 0 ? ["GET", "PUT"] : undefined,
    hosts: i % 5 === 0 ? [`h${i % 50}.shop.test`, "*.wide.test"] : undefined,
    headers: i % 7 === 0 ? { "x-version": "2" } : undefined,
  };
});
const table = compileTable(routes);
const bare = compileTable(routes.map(({ path, methods }) => ({ path, methods })));
const headers: Readonly<Record<string, string>> = { "x-version": "2" };
const facts = { host: "h10.shop.test:8080", query: "?a=b", header: (name: string) => headers[name] };
const paths = Array.from({ length: 256 }, (_, i) => `/s${(i * 37) % 10_000}/7/items/${i}`);
let turn = 0;

/** One lookup, each time another path; some of them lead nowhere. */
export const cases: readonly Case[] = [
  {
    name: "lookup among 10,000 routes",
    ours: () => bare.match("GET", paths[turn++ & 255] ?? "/"),
    peers: {},
  },
  {
    name: "lookup with hosts and fields",
    ours: () => table.match("GET", paths[turn++ & 255] ?? "/", facts),
    peers: {},
  },
];
