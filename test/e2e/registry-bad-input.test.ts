/** What a stranger, a broken client or a slow one can do to a registry in a process of its own: little. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { tuskerProcess } from "../support/tusker-process.ts";

async function registryProcess() {
  const running = tuskerProcess(["registry", "--json", "--port", "0"], { cwd: tmpdir() });
  const line = await running.line((one) => "registry" in one);
  const url = String(line.registry);
  return { running, url, port: Number(new URL(url).port) };
}

/** Resident memory of a process in MiB; 0 where there is no /proc. */
function residentMiB(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return (pages * 4096) / 2 ** 20;
  } catch {
    return 0;
  }
}

function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  return new Promise((resolve, reject) => {
    socket.once("connect", () => {
      socket.off("error", reject);
      socket.on("error", () => undefined);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/** Octets as they are, and what comes back until the connection is closed. */
async function raw(port: number, octets: string): Promise<string> {
  const socket = await open(port);
  socket.end(octets);
  let text = "";
  for await (const chunk of socket.setEncoding("latin1")) text += chunk;
  return text;
}

const answered = (text: string): string => `${text.slice(9, 12)} ${text.split("\r\n\r\n")[1] ?? ""}`.trim();
const request = (head: string, body: string = ""): string =>
  `${head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test("everything that is wrong gets its own answer, and the next one is served", async () => {
  const { running, port } = await registryProcess();
  await using _running = running;
  const register = "PUT /v1/agent/service/register";
  const cases: [sent: string, said: RegExp][] = [
    [request(register, '{"Name":'), /^400 Request decode failed: unexpected EOF$/],
    [request(register, "{Name}"), /^400 Request decode failed: invalid JSON/],
    [request(register, '{"Name":"x","Bogus":1}'), /^400 Request decode failed: json: unknown field "Bogus"$/],
    [request(register, '{"Name":"x","Check":{"TTL":"soon"}}'), /^400 .*invalid duration "soon"/],
    [request(register, `{"Name":${"[".repeat(5_000)}`), /^400 Request decode failed: unexpected EOF$/],
    [request("POST /v1/catalog/services"), /^405 method POST not allowed$/],
    [request("PUT /v1/health/service/x"), /^405 method PUT not allowed$/],
    [request("GET /v1/health/service/x?wait=abc"), /^400 Invalid wait time$/],
    [request("GET /v1/health/service/x?index=-1"), /^400 Invalid index$/],
    [request("GET /v1/health/service/x?index=99999999999999999999999"), /^400 Invalid index$/],
    [request("GET /v1/health/service/x?wait=-5s"), /^200 \[\]$/],
    [request("GET /v1/health/service/x?stale&consistent"), /^400 Cannot specify/],
    [request("GET /v1/health/service/x?filter=("), /^500 Failed to create boolean expression evaluator/],
    [request("GET /v1/nothing/here"), /^404$/],
    [request("GET /v1/kv/%ff%fe%zz"), /^400/],
    [request("PUT /v1/kv/big", "x".repeat(512 * 1024 + 1)), /^413 Request body\(524289 bytes\) too large/],
    [request("PUT /v1/session/create", '{"TTL":"1s"}'), /^500 Invalid Session TTL/],
    [request("PUT /v1/txn", "[".repeat(100_000)), /^400/],
  ];
  for (const [sent, said] of cases) {
    assert.match(answered(await raw(port, sent)), said, sent.slice(0, 120));
  }
  assert.match(answered(await raw(port, request("GET /v1/catalog/services"))), /^200 \{\}$/);
  assert.equal(await running.end(), 0);
});

test("5,000 connections that say half a sentence keep nobody else waiting, and cost little", async () => {
  const { running, port, url } = await registryProcess();
  await using _running = running;
  const before = residentMiB(running.pid);
  const half: Socket[] = [];
  for (let i = 0; i < 100; i++) {
    const some = await Promise.all(Array.from({ length: 50 }, () => open(port)));
    for (const socket of some) socket.write("PUT /v1/agent/service/register HTTP/1.1\r\nHost: loc");
    half.push(...some);
  }
  const put = await fetch(`${url}/v1/kv/still`, { method: "PUT", body: "here" });
  assert.equal(await put.text(), "true");
  const cost = residentMiB(running.pid) - before;
  assert.ok(cost < 200, `5,000 half-open connections cost ${cost.toFixed(0)} MiB`);
  for (const socket of half) socket.destroy();
  assert.equal(await (await fetch(`${url}/v1/kv/still?raw`)).text(), "here");
  assert.equal(await running.end(), 0);
});

test("readers who ask for much and take nothing keep nobody else waiting, and cost what they asked for", async () => {
  const { running, port, url } = await registryProcess();
  await using _running = running;
  for (let i = 0; i < 4; i++) {
    const put = await fetch(`${url}/v1/kv/large/${i}`, { method: "PUT", body: "x".repeat(500_000) });
    assert.equal(put.status, 200);
  }
  const before = residentMiB(running.pid);
  const slow: Socket[] = [];
  for (let i = 0; i < 100; i++) {
    const socket = await open(port);
    socket.pause();
    // One question after the other, on a connection from which nothing is read.
    socket.write(request("GET /v1/kv/large/0?raw").replace("close", "keep-alive").repeat(50));
    slow.push(socket);
  }
  for (let i = 0; i < 50; i++) assert.equal((await fetch(`${url}/v1/status/leader`)).status, 200);
  // 50 questions of 100 readers would be 2.5 GB: each is answered when the answer before it was taken.
  const cost = residentMiB(running.pid) - before;
  assert.ok(cost < 400, `slow readers cost ${cost.toFixed(0)} MiB`);
  for (const socket of slow) {
    const closed = once(socket, "close");
    socket.destroy();
    await closed;
  }
  assert.equal(await (await fetch(`${url}/v1/kv/none`)).text(), "");
  assert.equal(await running.end(), 0);
});
