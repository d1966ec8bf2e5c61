import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { type TestFleet, upFleet } from "../support/fleet.ts";
import { linkOf, openBrowser, skip, visit } from "./visit.ts";

let fleet: TestFleet;
let browser: Browser;

before(async () => {
  if (skip !== false) return;
  [fleet, browser] = await Promise.all([upFleet(), openBrowser()]);
});

after(async () => {
  await browser?.close();
  await fleet?.[Symbol.asyncDispose]();
});

test("without the token the page says what is missing, and comes to life when it is there", {
  skip,
}, async () => {
  const link = new URL(linkOf(fleet));
  await using seen = await visit(browser, link.origin);
  await seen.page.getByText("This page needs the fleet's token.").waitFor();
  assert.equal(await seen.page.locator("#status").textContent(), "Locked");
  assert.equal(await seen.page.locator(".node").count(), 0);
  const other = await seen.context.newPage();
  await other.goto(link.href);
  await seen.page.bringToFront();
  await seen.live();
  await seen.page.locator("#banner").waitFor({ state: "hidden" });
  await seen.page.locator(".node").first().waitFor();
});

test("a fleet that is gone is said to be gone; what was known stays; it comes back by itself", {
  skip,
}, async () => {
  const link = new URL(linkOf(fleet));
  await using road = await openRoad(Number(link.port));
  link.port = String(road.port);
  await using seen = await visit(browser, link.href);
  await seen.live();
  await seen.page.locator(".node").first().waitFor();
  await road.close();
  await seen.page.getByText("The fleet does not answer.").waitFor();
  assert.equal(await seen.page.locator("#status").textContent(), "Lost");
  assert.ok((await seen.page.locator(".node").count()) > 3);
  await road.reopen();
  await seen.live();
  assert.equal(await seen.page.locator("#banner").isHidden(), true);
});

test("logs begin anew after a lost connection, without a line twice", { skip }, async () => {
  const link = new URL(linkOf(fleet));
  await using road = await openRoad(Number(link.port));
  link.port = String(road.port);
  await using seen = await visit(browser, link.href, "#/logs?service=user-service");
  const first = seen.page.locator(".log li").filter({ hasText: "user-service listens on" });
  await first.waitFor();
  await road.close();
  await seen.page.locator("#status.lost").waitFor();
  await road.reopen();
  await seen.live();
  await first.waitFor();
  assert.equal(await first.count(), 1);
});

test("a page nobody sees asks for nothing", { skip }, async () => {
  await using seen = await visit(browser, linkOf(fleet));
  await seen.live();
  await seen.page.evaluate(() => {
    const { document } = globalThis as unknown as { document: EventTarget };
    Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await seen.page.locator("#status.hidden").waitFor();
  const asked = seen.requests.length;
  assert.equal((await fetch(`${fleet.gateway}/api/users/123`)).status, 200);
  await seen.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
  assert.equal(seen.requests.length, asked);
});

interface Road extends AsyncDisposable {
  readonly port: number;
  /** Breaks what runs and takes nothing new. */
  close(): Promise<void>;
  reopen(): Promise<void>;
}

/** A way to the fleet that can be cut, so that to a browser the fleet is gone while to the test it is not. */
async function openRoad(target: number): Promise<Road> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const close = async (): Promise<void> => {
    if (server === undefined) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
    server = undefined;
  };
  const reopen = async (): Promise<void> => {
    server = createServer((socket) => {
      const onward = connect(target, "127.0.0.1");
      for (const [one, other] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        sockets.add(one);
        one.pipe(other);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          sockets.delete(one);
          other.destroy();
        });
      }
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address === "object" && address !== null) port = address.port;
  };
  await reopen();
  return {
    get port() {
      return port;
    },
    close,
    reopen,
    [Symbol.asyncDispose]: close,
  };
}
