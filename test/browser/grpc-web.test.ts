import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { z } from "zod";
import { contractFile } from "../../src/rpc/grpc/reflection/descriptor.ts";
import { bindGrpc, contract, emptyLock, fail, infoOf, serve } from "../../src/rpc/index.ts";
import { grpcSection } from "../../src/rpc/section.ts";
import { until } from "../support/until.ts";
import { openBrowser, skip } from "./visit.ts";

// A real browser, a page of another origin, and a service's gRPC port: Connect's gRPC-Web client, and text by hand.

const Text = z.object({ text: z.string() });
const Pages = contract("page-service", {
  say: { http: "POST /say", in: Text, out: Text, errors: { NO: 403 } },
  spell: { stream: "out", in: Text, out: Text, errors: { NO: 403 } },
});

const modules = resolve(import.meta.dirname, "../../node_modules");
const folders = {
  "/protobuf/": join(modules, "@bufbuild/protobuf/dist/esm/"),
  "/connect/": join(modules, "@connectrpc/connect/dist/esm/"),
};
const imports = {
  "@bufbuild/protobuf": "/protobuf/index.js",
  "@bufbuild/protobuf/codegenv2": "/protobuf/codegenv2/index.js",
  "@bufbuild/protobuf/wire": "/protobuf/wire/index.js",
  "@bufbuild/protobuf/wkt": "/protobuf/wkt/index.js",
  "@connectrpc/connect": "/connect/index.js",
  "@connectrpc/connect/protocol": "/connect/protocol/index.js",
  "@connectrpc/connect/protocol-grpc-web": "/connect/protocol-grpc-web/index.js",
};
const html = `<!doctype html><title>wait</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script><script type="module" src="/page.js"></script>`;

let pages: Server;
let browser: Browser;
let origin = "";

before(async () => {
  if (skip !== false) return;
  pages = createServer((request, answer) => {
    contentOf(request.url ?? "/").then(
      ([type, body]) => answer.writeHead(200, { "content-type": type }).end(body),
      () => answer.writeHead(404).end(),
    );
  }).listen(0, "127.0.0.1");
  await once(pages, "listening");
  const address = pages.address();
  origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  pages?.close();
  pages?.closeAllConnections();
});

async function contentOf(url: string): Promise<[type: string, body: string | Uint8Array]> {
  const { pathname } = new URL(url, "http://page");
  if (pathname === "/") return ["text/html", html];
  if (pathname === "/descriptor")
    return ["application/octet-stream", contractFile(bindGrpc(infoOf(Pages), emptyLock)).bytes];
  if (pathname === "/page.js")
    return ["text/javascript", await readFile(join(import.meta.dirname, "grpc-web-page.js"))];
  const folder = Object.entries(folders).find(([prefix]) => pathname.startsWith(prefix));
  if (folder === undefined) throw new Error("no such file");
  return ["text/javascript", await readFile(join(folder[1], pathname.slice(folder[0].length)))];
}

interface World extends AsyncDisposable {
  readonly page: Page;
  /** Lets the next letter of a word go. */
  next(): void;
  /** Words that are being spelt. */
  readonly spelling: () => number;
  readonly calls: () => number;
}

async function world(origins: readonly string[]): Promise<World> {
  let [calls, spelling, letters] = [0, 0, 0];
  const server = await serve(
    Pages,
    {
      say({ text }, ctx) {
        calls++;
        ctx.setHeader("x-colour", ctx.header("x-colour") ?? "none");
        ctx.setTrailer("x-length", String(text.length));
        if (text === "no") throw fail(Pages.say, "NO", "nö: never");
        return { text: text.toUpperCase() };
      },
      async *spell({ text }, ctx) {
        spelling++;
        try {
          for (const [i, letter] of [...text].entries()) {
            if (letter === "!") throw fail(Pages.spell, "NO", "not so loud");
            await until("leave to spell on", () => letters > i || ctx.signal.aborted || undefined);
            yield { text: letter };
          }
        } finally {
          spelling--;
        }
      },
    },
    {
      ...{ port: 0, grpcPort: 0 },
      parts: {
        grpc: grpcSection.parse({ web_origins: origins }),
        discovery: undefined,
        lockFile: undefined,
      },
    },
  );
  const context: BrowserContext = await browser.newContext();
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  await page.goto(`${origin}/?service=${encodeURIComponent(`http://127.0.0.1:${server.grpcPort}`)}`);
  await page.waitForFunction("document.title === 'ready'");
  return {
    page,
    next: () => {
      letters++;
    },
    spelling: () => spelling,
    calls: () => calls,
    async [Symbol.asyncDispose]() {
      await context.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("a page calls, and reads answer, metadata, status and message", { skip }, async () => {
  await using seen = await world([origin]);
  assert.deepEqual(await seen.page.evaluate("page.say('hi')"), {
    ...{ code: 0, text: "HI", head: "blue", tail: "2" },
  });
  assert.deepEqual(await seen.page.evaluate("page.say('no')"), {
    ...{ code: 7, message: "nö: never", head: "blue", tail: "2" },
  });
});

test("messages of a stream reach the page one by one, and so does its failure", {
  skip,
}, async () => {
  await using seen = await world([origin]);
  const done: Promise<{ code: number; message: string }> = seen.page.evaluate("page.follow('ab!')");
  for (const letters of ["a", "ab"]) {
    seen.next();
    await seen.page.waitForFunction(`page.heard.join('') === '${letters}'`);
  }
  const { code, message } = await done;
  assert.deepEqual([code, message], [7, "not so loud"]);
});

test("a page that gives up ends the handler", { skip }, async () => {
  await using seen = await world([origin]);
  const done: Promise<{ code: number }> = seen.page.evaluate("page.follow('abc')");
  seen.next();
  await seen.page.waitForFunction("page.heard.length === 1");
  assert.equal(seen.spelling(), 1);
  await seen.page.evaluate("page.leave()");
  assert.equal((await done).code, 1);
  await until("the handler to end", () => seen.spelling() === 0 || undefined);
});

test("the text format carries calls, streams and failures", { skip }, async () => {
  await using seen = await world(["*"]);
  assert.deepEqual(await seen.page.evaluate("page.byText('Say', 'hello')"), {
    ...{ status: "0", texts: ["HELLO"] },
  });
  for (let i = 0; i < 3; i++) seen.next();
  assert.deepEqual(await seen.page.evaluate("page.byText('Spell', 'abc')"), {
    ...{ status: "0", texts: ["a", "b", "c"] },
  });
  assert.deepEqual(await seen.page.evaluate("page.byText('Spell', 'a!')"), { status: "7", texts: ["a"] });
  assert.deepEqual(await seen.page.evaluate("page.byText('Nothing', 'a')"), { status: "12", texts: [] });
});

test("a page of an origin that is not named reaches no handler", { skip }, async () => {
  for (const origins of [[], ["https://shop.example"]]) {
    await using seen = await world(origins);
    const said: { code: number; message: string } = await seen.page.evaluate("page.say('hi')");
    assert.notEqual(said.code, 0);
    assert.match(said.message, /fetch/i);
    assert.equal(seen.calls(), 0);
  }
});
