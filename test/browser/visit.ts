import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { TestFleet } from "../support/fleet.ts";

const binary = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

/** Why browser tests cannot run here; false when they can. */
export const skip: string | false =
  binary === undefined ? "no Chromium in /usr/bin; on Debian: apt-get install chromium" : false;

const flags =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: binary ?? "", headless: true, args: flags.split(" ") });
}

/** One reader with a browser profile of its own. */
export interface Visit extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the console, the policy and the program had to complain about. */
  readonly problems: readonly string[];
  /** Every address that was asked for. */
  readonly requests: readonly string[];
  /** Goes to another place of the page. */
  to(hash: string): Promise<void>;
  /** Waits until the page says it follows the fleet. */
  live(): Promise<void>;
}

/** Opens an address as a fresh reader: nothing stored, motion not wanted. */
export async function visit(browser: Browser, address: string, hash: string = ""): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: 1360, height: 820 },
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const problems: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  const to = async (place: string): Promise<void> => {
    await page.goto(new URL(place, page.url()).href);
  };
  await page.goto(address);
  if (hash !== "") await to(hash);
  return {
    page,
    context,
    problems,
    requests,
    to,
    live: () => page.locator("#status.live").waitFor(),
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** The link that `tusker up` printed. */
export function linkOf(fleet: TestFleet): string {
  return String(fleet.told.find((line) => line.type === "up")?.dashboard);
}

/** For people to look at, in both schemes: written when TUSKER_SHOTS names a folder. */
export async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env.TUSKER_SHOTS;
  if (folder === undefined) return;
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
  }
}
