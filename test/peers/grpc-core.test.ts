import { strict as assert } from "node:assert";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { z } from "zod";
import { TuskerError } from "../../src/kernel/index.ts";
import { client, contract, fail, type Handlers, serve } from "../../src/rpc/index.ts";
import { peerEnvironment, peerProgram } from "../support/peer-program.ts";

// gRPC's own C-core, in both roles, on the cases of gRPC's interoperability description.

const python = "/usr/bin/python3";
const library = peerProgram("grpc-core");
const skip = library === undefined || !existsSync(python) ? "no grpc-core: npm run setup:peers" : false;
const script = join(import.meta.dirname, "grpc-core.py");
const env = (): NodeJS.ProcessEnv => ({
  ...peerEnvironment("grpc-core"),
  PYTHONPATH: dirname(dirname(library ?? "")),
});

const Text = z.object({ text: z.string() });
const call = (name: string) => ({ http: `POST /${name}` as const, in: Text, out: Text });
const Interop = contract("interop-service", {
  echo: call("echo"),
  packed: call("packed"),
  header: call("header"),
  fail: { ...call("fail"), errors: { SO_NOT: 409 } },
  sleep: call("sleep"),
  nothing: call("nothing"),
  join: { stream: "in", in: Text, out: Text },
  split: { stream: "out", in: Text, out: Text },
  talk: { stream: "both", in: Text, out: Text },
});
const handlers: Handlers<typeof Interop> = {
  echo: (input) => input,
  packed: (input) => input,
  header: ({ text }, ctx) => ({ text: ctx.header(text) ?? "" }),
  fail({ text }) {
    throw fail(Interop.fail, "SO_NOT", text);
  },
  sleep: (input, ctx) => new Promise((resolve) => ctx.signal.addEventListener("abort", () => resolve(input))),
  nothing: (input) => input,
  async join(inputs) {
    let joined = "";
    for await (const { text } of inputs) joined += text;
    return { text: joined };
  },
  async *split({ text }) {
    for (const letter of text) yield { text: letter };
  },
  async *talk(inputs) {
    for await (const one of inputs) yield one;
  },
};
const parts = { discovery: undefined, lockFile: undefined };
const whitespace = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

test("C-core as client gets from our server what the interoperability cases ask for", { skip }, async () => {
  await using server = await serve(Interop, handlers, { port: 0, grpcPort: 0, parts });
  const run = promisify(execFile)(python, [script, "client", String(server.grpcPort)], {
    env: env(),
    timeout: 60_000,
  });
  const said: unknown = JSON.parse((await run).stdout);
  assert.deepEqual(said, {
    empty: "",
    large: 271_828,
    packed: 100_000,
    client_streaming: "abc",
    server_streaming: ["a", "b", "c"],
    big_stream: 4_000_000,
    ping_pong: ["0", "1", "2"],
    metadata: "blue",
    metadata_bin: "AP8",
    status: ["ALREADY_EXISTS", whitespace],
    cancel_after_begin: "CANCELLED",
    cancel_after_first: "CANCELLED",
    timeout: "DEADLINE_EXCEEDED",
    unimplemented_method: "UNIMPLEMENTED",
    unimplemented_service: "UNIMPLEMENTED",
    health: "0801",
  });
});

test("our client gets from a C-core server what the interoperability cases ask for", { skip }, async () => {
  const peer = spawn(python, [script, "server"], { env: env(), stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [port] = await once(peer.stdout.setEncoding("utf8"), "data");
    const url = `http://127.0.0.1:${Number(port)}`;
    await using api = client(Interop, { protocol: "grpc", url, parts });
    const all = async (answers: AsyncIterable<{ text: string }>): Promise<string[]> => {
      const list: string[] = [];
      for await (const { text } of answers) list.push(text);
      return list;
    };
    const failureOf = async (work: Promise<unknown>): Promise<TuskerError> => {
      const error: unknown = await work.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof TuskerError, String(error));
      return error;
    };
    assert.deepEqual(await api.echo({ text: "" }), { text: "" });
    assert.equal((await api.echo({ text: "x".repeat(271_828) })).text.length, 271_828);
    assert.equal((await api.packed({ text: "" })).text, "p".repeat(50_000));
    assert.deepEqual(await api.join([{ text: "a" }, { text: "b" }]), { text: "ab" });
    assert.deepEqual(await all(api.split({ text: "abc" })), ["a", "b", "c"]);
    const large = { text: "z".repeat(500_000) };
    assert.equal((await all(api.talk(Array.from({ length: 8 }, () => large)))).join("").length, 4_000_000);
    assert.deepEqual(await api.header({ text: "x-tenant" }, { headers: { "X-Tenant": "blue" } }), {
      text: "blue",
    });
    const denied = await failureOf(api.fail({ text: whitespace }));
    assert.equal(denied.details.grpcStatus, "PERMISSION_DENIED");
    assert.ok(denied.message.endsWith(whitespace));
    assert.equal((await failureOf(api.nothing({ text: "" }))).details.grpcStatus, "UNIMPLEMENTED");
    assert.equal((await failureOf(api.sleep({ text: "" }, { timeoutMs: 200 }))).code, "RESILIENCE_DEADLINE");
    const stop = new AbortController();
    const talk = all(api.talk(endless(), { signal: stop.signal }));
    stop.abort();
    assert.equal((await failureOf(talk)).code, "KERNEL_ABORTED");
    for await (const { text } of api.talk(endless())) {
      assert.equal(text, "on");
      break;
    }
    assert.deepEqual(await api.echo({ text: "still there" }), { text: "still there" });
  } finally {
    peer.kill("SIGKILL");
  }
});

async function* endless(): AsyncGenerator<{ text: string }> {
  for (;;) {
    yield { text: "on" };
    await new Promise((resolve) => setImmediate(resolve));
  }
}
