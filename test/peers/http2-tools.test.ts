import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { z } from "zod";
import { http2Pool, type Server, type ServerHandler, serveHttp2 } from "../../src/net/index.ts";
import { client, contract, serve } from "../../src/rpc/index.ts";
import { testCertificate } from "../support/certificate.ts";
import { haproxy, nginx, startProxy } from "../support/http2-proxies.ts";
import { peerEnvironment, peerProgram } from "../support/peer-program.ts";

// Foreign clients and proxies of HTTP/2 against our server, and our client through the proxies.

const run = promisify(execFile);
const without = (name: Parameters<typeof peerProgram>[0]): string | false =>
  peerProgram(name) === undefined ? `no ${name}: npm run setup:peers` : false;

const handler: ServerHandler = async (exchange) => {
  const body = await exchange.bytes(10_000_000);
  await exchange.respond({
    status: 200,
    headers: ["content-type", "text/plain"],
    body: exchange.method === "POST" ? body : `${exchange.target} ${"a".repeat(2_000)}`,
    ...(exchange.target === "/trailers" ? { trailers: ["x-sum", String(body.byteLength)] } : {}),
  });
};
const served = (): Promise<Server> => serveHttp2(handler, { port: 0 });

test("h2load gets every answer, over many connections and streams", {
  skip: without("nghttp2"),
}, async () => {
  await using server = await served();
  const program = peerProgram("nghttp2") ?? "";
  const url = `http://127.0.0.1:${server.port}/load`;
  const { stdout } = await run(program, ["-n", "4000", "-c", "8", "-m", "32", url], {
    env: peerEnvironment("nghttp2"),
  });
  assert.match(stdout, /requests: 4000 total, 4000 started, 4000 done, 4000 succeeded, 0 failed, 0 errored/);
});

test("nghttp sends a body and reads trailers", { skip: without("nghttp2") }, async () => {
  await using server = await served();
  const folder = await mkdtemp(join(tmpdir(), "nghttp-"));
  try {
    const file = join(folder, "body");
    await writeFile(file, "x".repeat(300_000));
    const program = join(dirname(peerProgram("nghttp2") ?? ""), "nghttp");
    const args = ["-v", "-n", "-d", file, `http://127.0.0.1:${server.port}/trailers`];
    const { stdout } = await run(program, args, { env: peerEnvironment("nghttp2"), maxBuffer: 10_000_000 });
    assert.match(stdout, /:status: 200/);
    assert.match(stdout, /x-sum: 300000/);
    assert.doesNotMatch(stdout, /RST_STREAM frame <.*\n.*error_code=(?!NO_ERROR)/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("curl asks over HTTP/2 with prior knowledge", async (t) => {
  const { stdout: version } = await run("curl", ["--version"]).catch(() => ({ stdout: "" }));
  if (!version.includes("HTTP2")) return t.skip("no curl with HTTP/2 here");
  await using server = await served();
  const url = `http://127.0.0.1:${server.port}/trailers`;
  const args = ["--silent", "--include", "--http2-prior-knowledge", "--data", "hello", url];
  const { stdout } = await run("curl", args);
  assert.match(stdout, /^HTTP\/2 200/);
  assert.match(stdout, /hello/);
  assert.match(stdout, /x-sum: 5/);
});

const Text = z.object({ text: z.string() });
const Echoes = contract("echo-service", {
  echo: { http: "POST /echo", in: Text, out: Text },
  split: { stream: "out", in: Text, out: Text },
});
const parts = { discovery: undefined, lockFile: undefined };
const serveEchoes = () =>
  serve(
    Echoes,
    {
      echo: (input) => input,
      async *split({ text }) {
        for (const letter of text) yield { text: letter };
      },
    },
    { port: 0, grpcPort: 0, parts },
  );

async function throughProxy(port: number): Promise<void> {
  await using api = client(Echoes, { protocol: "grpc", url: `http://127.0.0.1:${port}`, parts });
  assert.deepEqual(await api.echo({ text: "hi" }), { text: "hi" });
  assert.equal((await api.echo({ text: "x".repeat(500_000) })).text.length, 500_000);
  const letters: string[] = [];
  for await (const { text } of api.split({ text: "abc" })) letters.push(text);
  assert.deepEqual(letters, ["a", "b", "c"]);
  const many = await Promise.all(Array.from({ length: 200 }, (_, i) => api.echo({ text: String(i) })));
  assert.deepEqual(
    many.map(({ text }) => Number(text)),
    Array.from({ length: 200 }, (_, i) => i),
  );
}

test("nginx grpc_pass carries our calls to our server", { skip: without("nginx") }, async () => {
  await using server = await serveEchoes();
  await using proxy = await startProxy(nginx, server.grpcPort ?? 0);
  await throughProxy(proxy.port);
});

test("HAProxy speaks HTTP/2 to us on both sides", { skip: without("haproxy") }, async () => {
  await using server = await serveEchoes();
  await using proxy = await startProxy(haproxy, server.grpcPort ?? 0);
  await throughProxy(proxy.port);
  await using origin = await served();
  await using before = await startProxy(haproxy, origin.port);
  await using pool = http2Pool(`http://127.0.0.1:${before.port}`);
  const answer = await pool.request({ method: "POST", path: "/trailers", body: "x".repeat(200_000) });
  assert.equal((await answer.text(1_000_000)).length, 200_000);
  assert.deepEqual(answer.trailers(), ["x-sum", "200000"]);
});

test("over TLS curl and h2load agree with us on h2", { skip: without("nghttp2") }, async (t) => {
  const { stdout: version } = await run("curl", ["--version"]).catch(() => ({ stdout: "" }));
  if (!version.includes("HTTP2")) return t.skip("no curl with HTTP/2 here");
  await using server = await serveHttp2(handler, { port: 0, tls: { certificate: () => testCertificate } });
  const folder = await mkdtemp(join(tmpdir(), "curl-h2-"));
  try {
    const trusted = join(folder, "ca.pem");
    await writeFile(trusted, testCertificate.cert);
    const url = `https://127.0.0.1:${server.port}/trailers`;
    const args = ["--silent", "--include", "--http2", "--cacert", trusted, "--data", "hello", url];
    const { stdout } = await run("curl", args);
    assert.match(stdout, /^HTTP\/2 200/);
    assert.match(stdout, /x-sum: 5/);
  } finally {
    await rm(folder, { recursive: true });
  }
  const program = peerProgram("nghttp2") ?? "";
  const load = ["-n", "1000", "-c", "4", "-m", "16", `https://127.0.0.1:${server.port}/load`];
  const { stdout } = await run(program, load, { env: peerEnvironment("nghttp2") });
  assert.match(stdout, /Application protocol: h2/);
  assert.match(stdout, /1000 succeeded, 0 failed, 0 errored/);
});
