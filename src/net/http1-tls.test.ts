import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectPlain } from "node:net";
import { test } from "node:test";
import { connect } from "node:tls";
import { selfSigned } from "../../test/support/self-signed.ts";
import { TuskerError } from "../kernel/index.ts";
import {
  http1Pool as dial,
  type Http1PoolOptions,
  type Http1ServerOptions,
  type Pool,
  type Server,
  type ServerHandler,
  serveHttp1 as serve,
} from "./index.ts";

const shop = selfSigned("shop.test");
const certificate = (): typeof shop => shop;
const other = selfSigned("other.test");

for (const transport of ["engine", "compat"] as const) {
  const serveHttp1 = (handler: ServerHandler, options: Http1ServerOptions): Promise<Server> =>
    serve(handler, { ...options, transport });
  const http1Pool = (origin: string, options: Http1PoolOptions): Pool =>
    dial(origin, { ...options, transport });

  test(`${transport}: HTTPS carries requests and bodies; the handler's connection is agreed on by ALPN`, async () => {
    await using server = await serveHttp1((x) => x.respond({ status: 200, body: x.body }), {
      port: 0,
      tls: { certificate: () => shop },
    });
    await using pool = http1Pool(`https://127.0.0.1:${server.port}`, {
      tls: { ca: shop.cert, serverName: "shop.test" },
    });
    const large = Buffer.alloc(3_000_000, "x");
    for (let i = 0; i < 2; i++) {
      const answer = await pool.request({ method: "POST", path: "/", body: large });
      assert.deepEqual(Buffer.from(await answer.bytes(4_000_000)), large);
    }
    assert.equal(server.connections, 1);
  });

  test(`${transport}: a client that does not know the authority, or asks for another name, sends nothing`, async () => {
    let asked = 0;
    await using server = await serveHttp1(
      (x) => {
        asked++;
        return x.respond({ status: 200 });
      },
      { port: 0, tls: { certificate: () => shop } },
    );
    for (const tls of [
      {},
      { ca: shop.cert, serverName: "wrong.test" },
      { ca: other.cert, serverName: "shop.test" },
    ]) {
      await using pool = http1Pool(`https://127.0.0.1:${server.port}`, { tls });
      const error = await pool.request({ method: "GET", path: "/" }).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      assert.ok(error instanceof TuskerError && error.code === "NET_CONNECT" && error.details.sent === false);
    }
    assert.equal(asked, 0);
  });

  test(`${transport}: each name gets its certificate, and a new one is shown to the next connection without a restart`, async () => {
    const certificates = new Map([
      ["shop.test", shop],
      ["other.test", other],
    ]);
    await using server = await serveHttp1((x) => x.respond({ status: 200 }), {
      port: 0,
      tls: { certificate: (name = "shop.test") => certificates.get(name) },
    });
    const shown = async (servername: string): Promise<string> => {
      const socket = connect({
        port: server.port,
        host: "127.0.0.1",
        servername,
        rejectUnauthorized: false,
        ALPNProtocols: ["http/1.1"],
      });
      await once(socket, "secureConnect");
      assert.equal(socket.alpnProtocol, "http/1.1");
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      return raw.toString("base64");
    };
    const pem = (text: string): string => text.replace(/-----.*?-----|\s/g, "");
    assert.equal(await shown("shop.test"), pem(shop.cert));
    assert.equal(await shown("other.test"), pem(other.cert));
    const renewed = selfSigned("shop.test");
    certificates.set("shop.test", renewed);
    assert.equal(await shown("shop.test"), pem(renewed.cert));
    await assert.rejects(shown("nobody.test"));
  });

  test(`${transport}: a server that asks for certificates refuses who shows none of its authorities`, async () => {
    await using server = await serveHttp1((x) => x.respond({ status: 200 }), {
      port: 0,
      tls: { certificate: () => shop, clientAuthorities: [other.cert] },
    });
    const ask = async (own: { cert: string; key: string } | undefined): Promise<number> => {
      await using pool = http1Pool(`https://127.0.0.1:${server.port}`, {
        tls: { ca: shop.cert, serverName: "shop.test", ...own },
      });
      return (await pool.request({ method: "GET", path: "/" })).status;
    };
    assert.equal(await ask(other), 200);
    await assert.rejects(ask(undefined), TuskerError);
    await assert.rejects(ask(shop), TuskerError);
  });
}

test("connections that never finish their handshake are no more than twice as many as may be open", async () => {
  const limits: string[] = [];
  const options = { port: 0, tls: { certificate }, maxConnections: 2 };
  await using server = await serve((x) => x.respond({ status: 200 }), {
    ...options,
    onLimit: (limit) => limits.push(limit),
  });
  const silent = Array.from({ length: 7 }, () => connectPlain(server.port, "127.0.0.1"));
  const cut = silent.map((socket) => once(socket, "close"));
  try {
    await Promise.all([cut[4], cut[5], cut[6]]);
    assert.deepEqual(limits, ["connections", "connections", "connections"]);
    assert.deepEqual(
      silent.slice(0, 4).map(({ closed }) => closed),
      [false, false, false, false],
    );
  } finally {
    for (const socket of silent) socket.destroy();
  }
});
