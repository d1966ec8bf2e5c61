/** Ambiguous and malformed requests through the gateway, before an origin that reads every byte again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { campaign, shown } from "../support/http1/campaign.ts";
import { startCarelessProxy } from "../support/http1/careless-proxy.ts";
import { gatewayBefore } from "../support/http1/gateway.ts";
import { plainCase } from "../support/http1/generator.ts";
import { runCase } from "../support/http1/judge.ts";
import { startReferee } from "../support/http1/referee.ts";

const seed = 1;

/** What Node's own parser evens out and we do not forgive ourselves; docs/reference/http1-differences.md says why. */
const reading = { engine: {}, compat: { as: "node" } } as const;

for (const transport of ["engine", "compat"] as const) {
  test(`${transport}: no byte of one request inside another over 600 cases (seed ${seed})`, async () => {
    await using referee = await startReferee();
    await using gateway = await gatewayBefore(referee.port, { transport });
    const { port } = gateway.server;
    const tally = await campaign({ port, referee, seed, cases: 600, ...reading[transport] });
    assert.deepEqual(shown(tally.faults), []);
    assert.deepEqual(referee.faults, []);
    assert.ok(
      tally.forwarded > tally.valid / 2,
      `${tally.forwarded} of ${tally.valid} valid requests went through`,
    );
  });

  for (const body of ["none", "length", "chunked"] as const)
    test(`${transport}: a request with body "${body}" is the same wherever it is cut in two`, async () => {
      await using referee = await startReferee();
      await using gateway = await gatewayBefore(referee.port, { transport });
      const { length } = plainCase("x", body).bytes;
      for (let at = 1; at <= length; at++) {
        const one = plainCase(`${body}-${at}`, body);
        const verdict = await runCase(gateway.server.port, referee, one, { splitAt: at });
        assert.deepEqual([at, verdict.faults, verdict.statuses], [at, [], [200, 200]]);
        assert.equal(verdict.forwarded, 2);
      }
      assert.deepEqual(referee.faults, []);
    });
}

test("a proxy that passes bytes on unread is found out by the clauses they break", async () => {
  await using referee = await startReferee();
  await using proxy = await startCarelessProxy(referee.port, "verbatim");
  await campaign({ port: proxy.port, referee, seed, cases: 400 });
  const clauses = new Set(referee.faults.map((fault) => fault.split(":")[0]));
  for (const clause of ["§2.2", "§3", "§3.2", "§5.1", "§5.2", "RFC 9110 §5.5", "RFC 9110 §8.6"])
    assert.ok(clauses.has(clause), `nothing broke ${clause}; found ${[...clauses].join(", ")}`);
});

test("a proxy that writes neatly what it misread is found out by hidden requests and foreign answers", async () => {
  await using referee = await startReferee();
  await using proxy = await startCarelessProxy(referee.port, "lenient");
  // It loses bytes and then waits for them.
  const tally = await campaign({ port: proxy.port, referee, seed, cases: 400, quietMs: 30 });
  assert.ok(referee.strays > 0, "no hidden request came to light");
  const kinds = new Set(tally.faults.map(({ kind }) => kind));
  for (const kind of ["foreign", "echo", "body", "surplus"] as const)
    assert.ok(kinds.has(kind), `no fault "${kind}" but ${[...kinds].join(", ")}`);
});
