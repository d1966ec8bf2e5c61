import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { lastReady, type TestFleet, upFleet } from "../support/fleet.ts";
import { until } from "../support/until.ts";
import { linkOf, openBrowser, shot, skip, type Visit, visit } from "./visit.ts";

// One fleet and one browser for all: each is seconds to start. What tests change there, they put back.
let fleet: TestFleet;
let browser: Browser;

before(async () => {
  if (skip !== false) return;
  const args = ["--set", "gateway.rate_limit_requests=100000"];
  [fleet, browser] = await Promise.all([upFleet({ args }), openBrowser()]);
});

after(async () => {
  await browser?.close();
  await fleet?.[Symbol.asyncDispose]();
});

const open = (hash: string = ""): Promise<Visit> => visit(browser, linkOf(fleet), hash);

test("the link signs in, leaves no key behind, and all that is loaded obeys the policy", {
  skip,
}, async () => {
  await using seen = await open();
  const { page } = seen;
  await seen.live();
  assert.equal(new URL(page.url()).search, "");
  assert.equal(await page.title(), "Map · shop · Tusker");
  assert.equal(await page.locator("#environment").textContent(), "development");
  for (const [key, title] of Object.entries({ 2: "Services", 3: "Traces", 4: "Logs", 1: "Map" })) {
    await page.keyboard.press(key);
    await page.getByRole("heading", { level: 1, name: title }).waitFor({ state: "attached" });
    assert.equal(await page.locator("nav [aria-current]").textContent(), title);
  }
  assert.deepEqual(seen.problems, []);
  const { host } = new URL(page.url());
  assert.deepEqual(
    seen.requests.filter((url) => new URL(url).host !== host),
    [],
  );
});

test("the map shows who calls whom, and counts as it happens", { skip }, async () => {
  await using seen = await open("#/map?as=table");
  const { page } = seen;
  const row = page.locator("tr", { hasText: "gateway" }).filter({ hasText: "user-service" });
  const calls = async (): Promise<number> => Number(await textOf(row.locator("td").nth(3)));
  const earlier = await calls();
  for (let at = 0; at < 3; at++) assert.equal((await getUser()).status, 200);
  await until("three more calls", async () => ((await calls()) >= earlier + 3 ? true : undefined));
  await page.getByRole("link", { name: "Show as graph" }).click();
  const node = (name: string): Locator => page.locator(".node", { hasText: name });
  for (const name of ["gateway", "user-service", "order-service", "payment-service"])
    assert.match(await textOf(node(name)), /ready · :\d+/);
  assert.match(await textOf(node("database")), /assumed to be there/);
  const label = page.locator(".label", { hasText: "gateway to user-service" }).locator("text");
  assert.match(await textOf(label), new RegExp(`^${earlier + 3}\\b`));
  await shot(page, "map");
});

test("a trace is one true tree, walked and folded with the keyboard alone", { skip }, async () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4799";
  assert.ok((await order(traceId)).ok);
  await using seen = await open(`#/traces?q=${traceId}`);
  const { page } = seen;
  await page.locator(".traces a").waitFor();
  await page.keyboard.press("j");
  const rows = page.locator(".span");
  const read = (): Promise<string[]> =>
    rows
      .all()
      .then((all) =>
        Promise.all(
          all.map(
            async (row) => `${await row.getAttribute("aria-level")} ${await textOf(row.locator(".tag"))}`,
          ),
        ),
      );
  const whole = [
    "1 gateway",
    "2 gateway",
    "3 order-service",
    "4 order-service",
    "5 user-service",
    "4 order-service",
    "5 payment-service",
  ];
  await until("the whole trace", async () => ((await rows.count()) === whole.length ? true : undefined));
  assert.deepEqual(await read(), whole);
  await page.keyboard.press("Enter");
  for (const key of ["j", "j", "ArrowDown", "ArrowLeft"]) await page.keyboard.press(key);
  assert.deepEqual(await read(), [...whole.slice(0, 4), ...whole.slice(5)]);
  assert.equal(await rows.nth(3).getAttribute("aria-expanded"), "false");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("l");
  assert.equal(await rows.nth(4).getAttribute("aria-selected"), "true");
  assert.match(await textOf(page.locator(".span-detail h3")), /user-service/);
  assert.match(page.url(), /[?&]span=[0-9a-f]{16}/);
  await shot(page, "trace");
  await page.keyboard.press("Escape");
  await page.locator(".detail").waitFor({ state: "hidden" });
  assert.doesNotMatch(page.url(), /span=|#\/traces\//);
});

test("a linked trace opens at its span, and one that is gone is said to be", { skip }, async () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4800";
  assert.ok((await order(traceId)).ok);
  await using seen = await open();
  await seen.live();
  await seen.to(`#/traces/${traceId}`);
  const rows = seen.page.locator(".span");
  await rows.nth(2).click();
  const address = seen.page.url();
  await seen.to("#/map");
  await seen.page.goto(address);
  await seen.page.locator('.span[aria-selected="true"]').waitFor();
  assert.match(await textOf(seen.page.locator(".span-detail h3")), /order-service/);
  await seen.to(`#/traces/${"0".repeat(31)}1`);
  await seen.page.getByText("This trace cannot be shown").waitFor();
});

test("a service is restarted, stopped and started from its row", { skip }, async () => {
  await using seen = await open("#/services");
  const { page } = seen;
  const row = page.locator('tbody[data-service="payment-service"]');
  const { pid } = lastReady(fleet, "payment-service");
  await row.getByText(String(pid)).waitFor();
  await shot(page, "services");
  await row.getByRole("button", { name: "Restart payment-service" }).click();
  await page.getByText("payment-service is ready").waitFor();
  const second = lastReady(fleet, "payment-service").pid;
  assert.notEqual(second, pid);
  await row.getByText(String(second)).waitFor();
  await row.getByRole("button", { name: "Stop payment-service" }).click();
  await row.locator(".state.stopped").waitFor();
  assert.equal((await order("4bf92f3577b34da6a3ce929d0e0e4900")).status, 503);
  await row.getByRole("button", { name: "Start payment-service" }).click();
  await row.locator(".state.ready").waitFor();
});

test("only failed traces are left by the filter, and the address says so", { skip }, async () => {
  await fleet.tusker("stop", "user-service");
  assert.equal((await getUser()).status, 503);
  await fleet.tusker("restart", "user-service");
  assert.equal(
    (
      await until("the user", async () => {
        const answer = await getUser();
        return answer.ok ? answer : undefined;
      })
    ).status,
    200,
  );
  await using seen = await open("#/traces");
  const { page } = seen;
  await page.locator(".traces a:not(.failed)").first().waitFor();
  await page.getByLabel("Errors only").check();
  await page.locator(".traces a:not(.failed)").first().waitFor({ state: "detached" });
  assert.ok((await page.locator(".traces a.failed").count()) > 0);
  assert.match(page.url(), /errors=1/);
  await page.getByLabel("Service", { exact: true }).selectOption("payment-service");
  assert.match(page.url(), /service=payment-service/);
});

test("logs come as they are written, are filtered, and wait when paused", { skip }, async () => {
  await using seen = await open("#/logs?service=user-service");
  const { page } = seen;
  const lines = page.locator(".log li");
  await lines.filter({ hasText: "user-service listens on" }).first().waitFor();
  assert.deepEqual(await lines.filter({ hasNotText: "user-service-001" }).count(), 0);
  const earlier = await lines.count();
  await page.keyboard.press("p");
  await fleet.tusker("restart", "user-service");
  await page.getByText(/\d+ waiting/).waitFor();
  assert.equal(await lines.count(), earlier);
  await page.getByRole("button", { name: "Resume" }).or(page.locator('[aria-pressed="true"]')).click();
  await until("the lines that waited", async () => ((await lines.count()) > earlier ? true : undefined));
  await page.keyboard.press("/");
  await page.keyboard.type("no such line");
  await page.getByText("Nothing was written yet that fits.").waitFor();
  await page.keyboard.press("Escape");
  await seen.to("#/logs");
  await lines.filter({ hasText: "order-service" }).first().waitFor();
  await shot(page, "logs");
});

test("a log that was cut off goes on by itself", { skip }, async () => {
  await using seen = await open("#/services");
  const { page } = seen;
  await seen.live();
  const cut = { at: 0, service: "user-service", instance: "user-service-001", stream: "stdout", text: "cut" };
  await page.route("**/control/logs?*", (route) => route.fulfill({ body: `${JSON.stringify(cut)}\n` }), {
    times: 1,
  });
  await seen.to("#/logs?service=user-service");
  await page.locator(".log li", { hasText: "cut" }).waitFor();
  await page.locator(".log li", { hasText: "user-service listens on" }).first().waitFor();
});

test("what a stranger sends is shown as text", { skip }, async () => {
  const attack = "<img src=x onerror=document.title=1>";
  await fetch(`${fleet.gateway}/api/users/${encodeURIComponent(attack)}`);
  await fetch(`${fleet.gateway}/api/users/123`, { headers: { "user-agent": attack } });
  await using seen = await open("#/traces");
  await seen.page.locator(".traces a").first().click();
  await seen.page.locator(".span").first().click();
  await seen.page.locator(".span-detail dl").first().waitFor();
  assert.equal(await seen.page.locator("main img, main script").count(), 0);
  assert.deepEqual(seen.problems, []);
});

test("nothing moves by itself: the layout does not shift, and motion that is not wanted is not made", {
  skip,
}, async () => {
  await using seen = await open();
  await seen.live();
  await seen.page.locator(".node").first().waitFor();
  await getUser();
  const shifted = await seen.page.evaluate(() => {
    let sum = 0;
    const watch = new PerformanceObserver(() => {});
    // Node's own types of the observer know no browser's entries.
    Reflect.apply(watch.observe, watch, [{ type: "layout-shift", buffered: true }]);
    for (const entry of watch.takeRecords()) sum += Number(Reflect.get(entry, "value"));
    return sum;
  });
  assert.ok(shifted < 0.02, `layout shift ${shifted}`);
  const busy = seen.page.locator(".edge.busy .flow").first();
  await busy.waitFor({ state: "attached" });
  assert.equal(
    await busy.evaluate((node) => Reflect.get(globalThis, "getComputedStyle")(node).animationName),
    "none",
  );
});

test("everything that can be used has a name and can be reached by Tab", { skip }, async () => {
  await using seen = await open("#/services");
  await seen.page.locator("tbody").first().waitFor();
  const reached: string[] = [];
  const focused = seen.page.locator("body :focus");
  for (let at = 0; at < 40; at++) {
    await seen.page.keyboard.press("Tab");
    // Past the last one the focus leaves the page.
    if ((await focused.count()) === 0) break;
    reached.push((await focused.getAttribute("aria-label")) ?? (await textOf(focused)));
  }
  assert.equal(reached[0], "Skip to content");
  for (const name of [
    "Map",
    "Services",
    "Traces",
    "Logs",
    "Restart user-service",
    "Stop order-service",
    "Traces of payment-service",
  ])
    assert.ok(reached.includes(name), `${name} in ${reached.join(", ")}`);
});

// The last one: the gateway may come back on another port.
test("the gateway is a row of its own, first, and is restarted from it", { skip }, async () => {
  await using seen = await open("#/services");
  const { page } = seen;
  const row = page.locator('tbody[data-service="gateway"]');
  const { pid } = lastReady(fleet, "gateway");
  await row.getByText(String(pid)).waitFor();
  assert.equal(await page.locator("tbody").first().getAttribute("data-service"), "gateway");
  assert.match(await textOf(row), /the way in · \d+ routes/);
  await row.getByRole("button", { name: "Restart gateway" }).click();
  await page.getByText("gateway is ready").waitFor();
  await row.getByText(String(lastReady(fleet, "gateway").pid)).waitFor();
  assert.notEqual(lastReady(fleet, "gateway").pid, pid);
  await row.getByRole("link", { name: "Logs of gateway" }).click();
  assert.match(page.url(), /logs\?service=gateway/);
});

function getUser(): Promise<Response> {
  return fetch(`${fleet.gateway}/api/users/123`);
}

function order(traceId: string): Promise<Response> {
  return fetch(`${fleet.gateway}/api/orders`, {
    method: "POST",
    headers: { "content-type": "application/json", traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    body: JSON.stringify({ user_id: "123", items: [{ product_id: "prod_123", quantity: 2, price: 29.99 }] }),
  });
}

async function textOf(locator: Locator): Promise<string> {
  return (await locator.textContent()) ?? "";
}
