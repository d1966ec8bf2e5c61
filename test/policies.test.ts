/**
 * Each policy has a property, which holds for any settings and any input, and a simulation, which judges it by what
 * clients see in a course of events. What only rewrites a message and knows neither time nor chance is driven through
 * the gateway instead, on both transports. The table is held against the files: a policy cannot come without both.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

interface Proof {
  /** File below `src/`, and the test in it. */
  readonly property: readonly [file: string, test: string];
  readonly simulation: readonly [file: string, test: string];
}

const room = "resilience";
const choice = `${room}/choice-simulation.test.ts`;
const fleet = `${room}/simulation.test.ts`;
const again = `${room}/retry/simulation.test.ts`;
const overload = `${room}/overload/simulation.test.ts`;
const balance = `${room}/balance/balance.test.ts`;
const hashing = `${room}/balance/hashing.test.ts`;
const rewriting = "gateway/policy/properties.test.ts";
const driven = "gateway/policies.test.ts";
const admitting = "gateway/auth/properties.test.ts";
const admitted = "gateway/auth/auth.test.ts";
const minute = `${room}/rate-limit.test.ts`;

const alwaysPicks = "${name} always picks one of those given";
const failingFast =
  "one endpoint failing fast: the penalty alone keeps traffic away, where fewest requests draws it in";
const keysMove = "${balance}: while an endpoint fails only its keys move, and they come home";

const proofs: Readonly<Record<string, Proof>> = {
  "resilience/balance/p2c-ewma.ts": { property: [balance, alwaysPicks], simulation: [fleet, failingFast] },
  "resilience/balance/least-request.ts": {
    property: [balance, alwaysPicks],
    simulation: [fleet, failingFast],
  },
  "resilience/balance/round-robin.ts": {
    property: [balance, "round_robin gives exact shares over a full turn, whatever the weights"],
    simulation: [fleet, "one endpoint failing fast: a breaker saves even round robin"],
  },
  "resilience/balance/random.ts": {
    property: [balance, alwaysPicks],
    simulation: [choice, "random: shares follow the weights, also after an endpoint failed and came back"],
  },
  "resilience/balance/ring-hash.ts": {
    property: [hashing, "${name} gives one of the live ones for any set and any key"],
    simulation: [choice, keysMove],
  },
  "resilience/balance/maglev.ts": {
    property: [hashing, "${name} gives one of the live ones for any set and any key"],
    simulation: [choice, keysMove],
  },
  "resilience/balance/bounded-load.ts": {
    property: [hashing, "${name} gives one of the live ones for any set and any key"],
    simulation: [hashing, "${name} spills a hot key before it takes one and a half times the fair share"],
  },
  "resilience/breaker.ts": {
    property: [
      `${room}/breaker.test.ts`,
      "under any schedule a half-open breaker has at most one request in flight",
    ],
    simulation: [fleet, "a failing endpoint is probed a few times, not hammered"],
  },
  "resilience/cluster.ts": {
    property: [
      `${room}/cluster.test.ts`,
      "under any schedule: nothing in flight is lost, and no open endpoint is picked unless as its one probe",
    ],
    simulation: [
      fleet,
      "after a total outage all endpoints are back within two seconds of the first good probe",
    ],
  },
  "resilience/concurrency.ts": {
    property: [
      `${room}/concurrency.test.ts`,
      "never more inside than the limit lets in, whoever enters, leaves or changes it",
    ],
    simulation: [
      overload,
      "concurrency limit: at three times the load as many as fit are served, the rest is refused at once",
    ],
  },
  "resilience/deadline.ts": {
    property: [`${room}/deadline.test.ts`, "a remaining time survives the wire, rounded down"],
    simulation: [again, "deadlines that are passed on: nobody works for a client that has left"],
  },
  "resilience/grpc-timeout.ts": {
    property: [
      `${room}/deadline.test.ts`,
      "a grpc-timeout survives the wire: never later, and off by less than one part in ten thousand",
    ],
    simulation: [again, "deadlines that are passed on: nobody works for a client that has left"],
  },
  "resilience/gcra.ts": {
    property: [minute, "who waits as long as it is told to is admitted, and not a moment earlier"],
    simulation: [minute, "GCRA alone admits a burst of the limit and then one per spacing"],
  },
  "resilience/health.ts": {
    property: [`${room}/health.test.ts`, "changes only after so many in a row, whatever came before"],
    simulation: [choice, "active checks: an endpoint that hangs is left after two of them"],
  },
  "resilience/load.ts": {
    property: [
      `${room}/load.test.ts`,
      "cost is always finite, never negative and never above the slowest answer",
    ],
    simulation: [fleet, "one endpoint answering in two seconds: 99.9 % of answers stay under one"],
  },
  "resilience/outlier.ts": {
    property: [
      `${room}/outlier.test.ts`,
      "whatever was counted, at most half are out, one always stays, and counts begin anew",
    ],
    simulation: [choice, "outlier ejection: one that fails a fifth, which opens no breaker, is left out"],
  },
  "resilience/overload/bulkhead.ts": {
    property: [
      `${room}/overload/bulkhead.test.ts`,
      "never more than the limit runs nor more than the queue waits, and everybody hears exactly once",
    ],
    simulation: [
      overload,
      "bulkhead: under threefold load what matters most is served, and no more runs than may",
    ],
  },
  "resilience/overload/places.ts": {
    property: [
      `${room}/shared/places.test.ts`,
      "places are taken from one number, whatever thread takes and gives, and every name has its own",
    ],
    simulation: [
      overload,
      "bulkhead: under threefold load what matters most is served, and no more runs than may",
    ],
  },
  "resilience/shared/places.ts": {
    property: [
      `${room}/shared/places.test.ts`,
      "places are taken from one number, whatever thread takes and gives, and every name has its own",
    ],
    simulation: [
      `${room}/shared/places.test.ts`,
      "threads at once never have more than the limit, and all that wait are served in the end",
    ],
  },
  "resilience/overload/gradient.ts": {
    property: [`${room}/overload/gradient.test.ts`, "stays within its bounds whatever it is told"],
    simulation: [
      `${room}/overload/gradient.test.ts`,
      "does not drift upward under an overload that lasts ten minutes",
    ],
  },
  "resilience/rate-limit.ts": {
    property: [minute, "never more than the limit in the window that begins with a key's first request"],
    simulation: [minute, "two bursts cannot meet at the edge of a window"],
  },
  "resilience/shared/rate-limit.ts": {
    property: [
      `${room}/shared/shared.test.ts`,
      "a shared rate limit decides as the plain one, whatever thread asks",
    ],
    simulation: [`${room}/shared/shared.test.ts`, "threads at once admit exactly the limit, for every key"],
  },
  "resilience/shared/cluster.ts": {
    property: [
      `${room}/shared/cluster.test.ts`,
      "whatever thread asks and reports, a shared breaker goes through the states of one that has a thread for itself",
    ],
    simulation: [
      `${room}/shared/cluster.test.ts`,
      "threads at once: an endpoint that fails is asked as often as it takes, then never but for single probes",
    ],
  },
  "resilience/shared/concurrency.ts": {
    property: [
      `${room}/concurrency.test.ts`,
      "never more inside than the limit lets in, whoever enters, leaves or changes it",
    ],
    simulation: [`${room}/shared/shared.test.ts`, "the places of a thread that died are given back"],
  },
  "resilience/retry/backoff.ts": {
    property: [
      `${room}/retry/backoff.test.ts`,
      "is spread over the whole interval and never negative or above the cap",
    ],
    simulation: [again, "back-off: a crowd that failed together does not come back together"],
  },
  "resilience/retry/hedge.ts": {
    property: [
      `${room}/retry/hedge.test.ts`,
      "however two copies end, one answer is given, and every other one is given back",
    ],
    simulation: [
      `${room}/retry/hedge.test.ts`,
      "the tail shrinks to the delay and the extra load stays within its budget",
    ],
  },
  "resilience/retry/quantile.ts": {
    property: [
      `${room}/retry/quantile.test.ts`,
      "is right to nine per cent, from a tenth of a millisecond to minutes",
    ],
    simulation: [
      `${room}/retry/hedge.test.ts`,
      "the tail shrinks to the delay and the extra load stays within its budget",
    ],
  },
  "resilience/retry/retry-after.ts": {
    property: [
      `${room}/retry/retry-after.test.ts`,
      "never throws and never gives a negative or unbounded wait for seconds",
    ],
    simulation: [again, "Retry-After: a service that asks for two seconds of peace gets them"],
  },
  "resilience/retry/retry-budget.ts": {
    property: [
      `${room}/retry/retry-budget.test.ts`,
      "whenever requests come, in no window of its length are there more retries than it allows",
    ],
    simulation: [
      `${room}/retry/retry-budget.test.ts`,
      "in a total outage the load stays below 1.2 times the offered one plus ten a second",
    ],
  },
  "resilience/shared/retry-budget.ts": {
    property: [
      `${room}/shared/retry-budget.test.ts`,
      "a shared budget decides as the plain one, whatever thread asks",
    ],
    simulation: [
      `${room}/shared/retry-budget.test.ts`,
      "traffic that moves from thread to thread earns no more retries than it would in one",
    ],
  },
  "resilience/retry/retry.ts": {
    property: [
      `${room}/retry/retry.test.ts`,
      "never more tries than allowed, none after a good one, none that outlives the deadline, each paid for",
    ],
    simulation: [fleet, "one endpoint failing fast: with one retry elsewhere no client sees it"],
  },
  "resilience/retry/retryable.ts": {
    property: [
      `${room}/retry/retryable.test.ts`,
      "only 502, 503, 504 and gRPC UNAVAILABLE are worth another try",
    ],
    simulation: [again, "what may be acted on once only is never acted on twice, whatever breaks"],
  },
  "resilience/slow-start.ts": {
    property: [
      `${room}/zone.test.ts`,
      "a share never shrinks with age, is a tenth at least, and the whole from the end of the window on",
    ],
    simulation: [choice, "slow start: a newcomer that is cold is not drowned"],
  },
  "resilience/time-limit.ts": {
    property: [
      `${room}/time-limit.test.ts`,
      "whichever comes first ends it, once, with its own reason, and nothing is left behind",
    ],
    simulation: [again, "deadlines that are passed on: nobody works for a client that has left"],
  },
  "resilience/zone.ts": {
    property: [
      `${room}/zone.test.ts`,
      "whatever the zones and loads, some of the live ones are given: all of them, or just those who are near",
    ],
    simulation: [choice, "zone: requests stay near, and leave when those who are near cannot carry them"],
  },
  "gateway/policy/checks.ts": {
    property: [`${room}/health.test.ts`, "changes only after so many in a row, whatever came before"],
    simulation: [driven, "an instance whose checks fail is left out, and comes back when they pass"],
  },
  "gateway/policy/compress.ts": {
    property: ["gateway/policy/policy.test.ts", "a compressed body is the body, in whatever pieces it came"],
    simulation: [
      driven,
      "answers are compressed as the client likes it, and left alone where that would do harm",
    ],
  },
  "gateway/policy/cors.ts": {
    property: [
      rewriting,
      "cors: only origins that are written may read, and credentials are never allowed to all",
    ],
    simulation: [
      driven,
      "a preflight is answered before anybody asks who the page is; the answer itself says who may read it",
    ],
  },
  "gateway/policy/fault.ts": {
    property: [rewriting, "fault: about the share that is written, and each is announced in the answer"],
    simulation: [driven, "a failure on purpose says so in the answer, the log and a metric"],
  },
  "gateway/policy/local.ts": {
    property: [
      rewriting,
      "redirect and fixed answer: a parameter is filled in as it came, and no answer has a body it may not have",
    ],
    simulation: [driven, "a redirect fills in host, path, query and parameters"],
  },
  "gateway/policy/mirror.ts": {
    property: [
      "gateway/body.test.ts",
      "however a body is cut and however often a try gives up, the last one gets all of it",
    ],
    simulation: [driven, "a mirror gets a copy with its body, and what it does reaches nobody"],
  },
  "gateway/policy/retry-on.ts": {
    property: [rewriting, "retry_on: a route only ever narrows what is safe, and never wakes what is final"],
    simulation: [driven, "a route says what is tried again"],
  },
  "gateway/policy/split.ts": {
    property: [
      rewriting,
      "split: the share of a part is its weight, equal keys stay together, a weight of 0 gets nothing",
    ],
    simulation: [
      "gateway/policy/policy.test.ts",
      "shares are as written, and who was in a canary stays in while it grows",
    ],
  },
  "gateway/policy/sticky.ts": {
    property: [
      rewriting,
      "sticky: the mark in the cookie that was set is the mark that comes back, among whatever other cookies",
    ],
    simulation: [
      driven,
      "clients come back to the instance they were at, by a cookie that says nothing of it",
    ],
  },
  "gateway/policy/transform.ts": {
    property: [
      rewriting,
      "transform: what is removed is gone, what is set is there once, what frames the message stays",
    ],
    simulation: [
      driven,
      "a prefix is put in front, fields are rewritten both ways, and framing is not the file's to change",
    ],
  },
  "gateway/policy/access-log.ts": {
    property: [
      "gateway/policy/access-log.test.ts",
      "a line tells nothing of query, fields and body, and is one line of JSON whatever was sent",
    ],
    simulation: [driven, "of good requests the written share is logged, of failed ones all"],
  },
  "gateway/policy/access-lines.ts": {
    property: [
      "gateway/policy/access-log.test.ts",
      "whatever lines come and whenever, the file has them whole and in order, or they are counted",
    ],
    simulation: [
      "gateway/access-log.test.ts",
      "a file has a line for each request, also after it was moved away, and the last ones after the end",
    ],
  },
  "gateway/auth/api-keys.ts": {
    property: [admitting, "keys: each is its consumer's, and whatever is not written is nobody's"],
    simulation: [admitted, "a key lets its consumer in, and the service is told who it is, but not the key"],
  },
  "gateway/auth/guard.ts": {
    property: [
      admitting,
      "guard: in comes who shows something good that the route takes, and nothing bad beside it",
    ],
    simulation: [admitted, "an issuer that hangs holds nobody up for longer than the request has"],
  },
  "gateway/auth/jwks.ts": {
    property: [
      admitting,
      "jwks: whatever an issuer does and whenever it is asked for, it is asked seldom, and known keys are never lost",
    ],
    simulation: [admitted, "known keys go on counting while the issuer is away, and nobody waits for it"],
  },
  "gateway/auth/tokens.ts": {
    property: [
      admitting,
      "tokens: whatever is done to a good token, it is good no more, and nothing makes the check fail",
    ],
    simulation: [admitted, "a wall clock that is set back does not keep a token in whose key was withdrawn"],
  },
  "gateway/auth/recent.ts": {
    property: [
      "gateway/auth/recent.test.ts",
      "what was used lately stays, what was not goes, and there are never more than the most",
    ],
    simulation: [admitted, "a token is checked in every respect, once, and then remembered"],
  },
};

/** Files beside the policies that decide nothing: doors, types, and what policies are made of. */
const parts: readonly string[] = [
  "resilience/cells.ts",
  "resilience/cluster-memory.ts",
  "resilience/index.ts",
  "resilience/lease.ts",
  "resilience/member.ts",
  "resilience/rolling-counts.ts",
  "resilience/running.ts",
  "resilience/balance/balancer.ts",
  "resilience/balance/hash.ts",
  "resilience/balance/index.ts",
  "resilience/shared/lock.ts",
  "resilience/shared/memory.ts",
  "resilience/shared/rows.ts",
  "resilience/shared/running.ts",
  "gateway/policy/visit.ts",
  "gateway/auth/jose.ts",
];

const src = new URL("../src/", import.meta.url);

test("every policy is in the table, and nothing that is none", () => {
  const files = globSync(["resilience/**/*.ts", "gateway/{policy,auth}/*.ts"], { cwd: fileURLToPath(src) })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => !file.endsWith(".test.ts") && !parts.includes(file));
  assert.deepEqual(Object.keys(proofs).sort(), files.sort());
});

test("every property is there and draws its cases, and every simulation is there", () => {
  const missing: string[] = [];
  for (const [policy, { property, simulation }] of Object.entries(proofs)) {
    const drawn = bodyOf(...property);
    if (drawn === undefined) missing.push(`${policy}: no test "${property[1]}" in ${property[0]}`);
    else if (!/\bfc\.(?:property|asyncProperty)\(/.test(drawn))
      missing.push(`${policy}: "${property[1]}" is no property`);
    if (bodyOf(...simulation) === undefined)
      missing.push(`${policy}: no test "${simulation[1]}" in ${simulation[0]}`);
  }
  assert.deepEqual(missing, []);
});

/** The text of a test, from its name to the next one. */
function bodyOf(file: string, name: string): string | undefined {
  const text = readFileSync(new URL(file, src), "utf8");
  const literal = name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const start = text.search(new RegExp(`\\btest\\(\\s*["\`]${literal}["\`]`));
  if (start < 0) return undefined;
  const rest = text.slice(start + 5);
  const end = rest.search(/\n {0,2}test\(/);
  return end < 0 ? rest : rest.slice(0, end);
}
