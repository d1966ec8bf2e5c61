import type { IncomingMessage } from "node:http";
import type { CheckSpec, CheckStatus } from "../state/model.ts";
import { maxOutputChars, type Probe } from "./probe.ts";

type HttpSpec = Extract<CheckSpec, { kind: "http" }>;

const maxRedirects = 10;

// A static import of node:http reads all its exports, one of which loads a whole HTTP client: 60 ms of every start.
const http = () => process.getBuiltinModule("node:http");
const https = () => process.getBuiltinModule("node:https");

/**
 * Passing on 2xx, warning on 429, critical on the rest. Each run uses a connection of its own: one that is kept
 * would prove that an old socket works, not that the instance still accepts.
 */
export const httpProbe: Probe<"http"> = async (spec, signal) => {
  let url = spec.url;
  let own = spec;
  for (let hop = 0; ; hop++) {
    const response = await open(url, own, signal);
    const status = response.statusCode ?? 0;
    const location = redirectOf(response, spec, status);
    if (location !== undefined && hop < maxRedirects) {
      response.destroy();
      const next = new URL(location, url);
      // The check's own fields may hold its credentials, and they are for the instance alone.
      if (next.origin !== new URL(url).origin) own = { ...spec, headers: {}, body: "" };
      url = next.href;
      continue;
    }
    const body = await beginning(response);
    const reason = http().STATUS_CODES[status] ?? "";
    return {
      status: statusOf(status),
      output: `HTTP ${spec.method} ${spec.url}: ${status} ${reason} Output: ${body}`.slice(0, maxOutputChars),
    };
  }
};

function open(url: string, spec: HttpSpec, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const secure = url.startsWith("https:");
  const request = (secure ? https() : http()).request(url, {
    method: spec.method,
    agent: false,
    signal,
    headers: { ...usual, ...own(spec.headers), connection: "close" },
    ...(secure ? { rejectUnauthorized: !spec.tlsSkipVerify } : {}),
    ...(secure && spec.tlsServerName !== "" ? { servername: spec.tlsServerName } : {}),
  });
  request.once("response", resolve);
  request.once("error", reject);
  request.end(spec.body);
  return promise;
}

const usual = { "user-agent": "Tusker Health Check", accept: "text/plain, text/*, */*" };

/** Under the names of `usual`, whatever case they were written in; of what may stand once alone (Host), once. */
function own(headers: HttpSpec["headers"]): Record<string, string | string[]> {
  const fields = new Map<string, string[]>();
  for (const [name, values] of Object.entries(headers)) {
    const known = fields.get(name.toLowerCase()) ?? [];
    fields.set(name.toLowerCase(), [...known, ...values]);
  }
  return Object.fromEntries(
    Array.from(fields, ([name, [first = "", ...more]]) => [
      name,
      more.length === 0 || name in usual || name === "host" ? first : [first, ...more],
    ]),
  );
}

/** Only what may be repeated is repeated elsewhere (RFC 9110 §15.4). */
function redirectOf(response: IncomingMessage, spec: HttpSpec, status: number): string | undefined {
  const repeatable = spec.method === "GET" || spec.method === "HEAD";
  return spec.followRedirects && repeatable && [301, 302, 303, 307, 308].includes(status)
    ? response.headers.location
    : undefined;
}

async function beginning(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop destroys the response, so an endless body costs one page.
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxOutputChars) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function statusOf(status: number): CheckStatus {
  if (status >= 200 && status < 300) return "passing";
  return status === 429 ? "warning" : "critical";
}
