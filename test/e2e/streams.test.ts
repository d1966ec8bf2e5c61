import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Sensors } from "../../examples/streams/services/contracts.ts";
import { TuskerError } from "../../src/kernel/index.ts";
import { frame } from "../../src/rpc/grpc/frame.ts";
import { client, type Metadata } from "../../src/rpc/index.ts";
import { root, type TestFleet, upFleet } from "../support/fleet.ts";

// Streams as a user writes them, in a running fleet; and the keys of [grpc], from the file to the wire of a process.

let fleet: TestFleet;
let grpcPort = 0;
const parts = { discovery: undefined, lockFile: join(root, "examples/streams/tusker.lock") };

before(async () => {
  const keys = [
    ...["max_concurrent_streams=7", 'timeout="500ms"', 'max_connection_idle="1s"'],
    ...['max_connection_age="2s"', 'max_connection_age_grace="500ms"'],
  ];
  const args = keys.flatMap((key) => ["--set", `grpc.${key}`]);
  fleet = await upFleet({ file: join(root, "examples/streams/tusker.tsk"), args });
  const ready = await fleet.saw(({ type, service }) => type === "ready" && service === "sensor-service");
  grpcPort = Number(ready.grpcPort);
});

after(() => fleet?.[Symbol.asyncDispose]());

const sensors = () => client(Sensors, { url: `http://127.0.0.1:${grpcPort}`, parts });

test("a request through the gateway uses all four kinds of calls between services", async () => {
  const answer = await fetch(`${fleet.gateway}/tour`);
  const body: unknown = await answer.json();
  assert.deepEqual(body, {
    recorded: { count: 3, highest: 12 },
    followed: [11.5, 12, 11],
    converted: [52.7, 53.6, 51.8],
    latest: 11,
  });
  assert.equal(answer.status, 200);
  assert.deepEqual(await (await fetch(`${fleet.gateway}/sensors/cellar`)).json(), {
    ...{ sensor: "cellar", celsius: 11 },
  });
});

test("a reading reaches who follows its sensor while it is being recorded", async () => {
  await using api = sensors();
  const sensor = "attic";
  const readings = api.follow({ sensor })[Symbol.asyncIterator]();
  const first = readings.next();
  const more = Promise.withResolvers<void>();
  const recorded = api.record(
    (async function* () {
      // Until whoever follows has heard, it may not have been listening yet.
      for (let n = 0; !(await Promise.race([first.then(() => true), soon()])); n++)
        yield { sensor, celsius: n };
      await more.promise;
      yield { sensor, celsius: 1_000 };
    })(),
  );
  assert.equal((await first).value?.sensor, sensor);
  more.resolve();
  for (let reading = await readings.next(); reading.value?.celsius !== 1_000; reading = await readings.next())
    assert.equal(reading.done, false);
  await readings.return?.();
  assert.equal((await recorded).highest, 1_000);
});

test("metadata after the last message tells what the stream did", async () => {
  await using api = sensors();
  let tail: Metadata | undefined;
  const answers = api.toFahrenheit([{ sensor: "a", celsius: 0 }], {
    onTrailer: (metadata) => {
      tail = metadata;
    },
  });
  for await (const { fahrenheit } of answers) assert.equal(fahrenheit, 32);
  assert.equal(tail?.get("x-count"), "1");
});

test("a page of a named origin may call on the same port, over gRPC-Web", async () => {
  const url = `http://127.0.0.1:${grpcPort}/sensor_service.SensorService/Latest`;
  const origin = "http://localhost:8080";
  const asked = await fetch(url, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST" },
  });
  assert.equal(asked.headers.get("access-control-allow-origin"), origin);
  const answer = await fetch(url, {
    method: "POST",
    headers: { origin, "content-type": "application/grpc-web+proto", "x-grpc-web": "1" },
    body: frame(Buffer.from("0a0663656c6c6172", "hex")),
  });
  assert.equal(answer.headers.get("access-control-allow-origin"), origin);
  const body = Buffer.from(await answer.arrayBuffer());
  assert.match(body.toString("latin1"), /cellar.*grpc-status: 0/s);
});

test("the keys of [grpc] act on the wire of the service's process", async (t) => {
  const idle = await connected();
  const idleFrom = performance.now();
  const busy = await connected();
  const ageFrom = performance.now();
  // Open to the end: the sensor never speaks.
  const open = call(busy, "Follow", "0a04766f6964");
  await t.test("max_concurrent_streams", () => {
    assert.equal(idle.remoteSettings.maxConcurrentStreams, 7);
  });
  await t.test("max_message_size", async () => {
    await using api = sensors();
    await assert.rejects(
      api.latest({ sensor: "x".repeat(1_100_000) }),
      (error) => error instanceof TuskerError && error.code === "NET_BODY_TOO_LARGE",
    );
  });
  await t.test("compress_above", async () => {
    await using api = sensors();
    const sensor = "y".repeat(8_000);
    await api.record([{ sensor, celsius: 1 }]);
    const asked = Buffer.concat([Buffer.from([0x0a, 0xc0, 0x3e]), Buffer.from(sensor)]).toString("hex");
    const answer = await call(busy, "Latest", asked, { "grpc-accept-encoding": "gzip" });
    assert.deepEqual([answer.body[0], answer.headers["grpc-encoding"]], [1, "gzip"]);
    assert.ok(answer.body.length < 1_000);
  });
  await t.test("timeout", async () => {
    // A message that never comes: the call has no deadline of its own.
    const stream = busy.request({ ...head, ":path": "/sensor_service.SensorService/Latest" });
    const [headers] = await once(stream, "response");
    assert.equal(headers["grpc-status"], "4");
    stream.close();
  });
  await t.test("max_connection_idle", async () => {
    await left(idle);
    const ms = performance.now() - idleFrom;
    assert.ok(ms > 900 && ms < 2_700, `${ms} ms`);
  });
  await t.test("max_connection_age and its grace", async () => {
    await left(busy);
    const ms = performance.now() - ageFrom;
    assert.ok(ms > 1_700, `${ms} ms`);
    assert.notEqual((await open).trailers["grpc-status"], "0");
  });
});

const head = {
  ...{ ":method": "POST", "content-type": "application/grpc", te: "trailers" },
} as const;

async function connected(): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${grpcPort}`);
  session.on("error", () => {});
  await once(session, "remoteSettings");
  return session;
}

/** The server asks the connection to leave. */
async function left(session: ClientHttp2Session): Promise<void> {
  if (!session.closed) await once(session, "goaway");
}

interface Answer {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

async function call(session: ClientHttp2Session, method: string, hex: string, more = {}): Promise<Answer> {
  const stream = session.request({ ...head, ":path": `/sensor_service.SensorService/${method}`, ...more });
  let [headers, trailers]: [Answer["headers"], Answer["trailers"]] = [{}, {}];
  const parts: Buffer[] = [];
  stream.on("response", (fields) => {
    headers = fields;
  });
  stream.on("trailers", (fields) => {
    trailers = fields;
  });
  stream.on("data", (part: Buffer) => parts.push(part));
  stream.on("error", () => {});
  stream.end(frame(Buffer.from(hex, "hex")));
  await once(stream, "close");
  return { headers, trailers, body: Buffer.concat(parts) };
}

const soon = (): Promise<false> => new Promise((resolve) => setImmediate(() => resolve(false)));
