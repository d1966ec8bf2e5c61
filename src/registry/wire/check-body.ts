import type { LocalCheck } from "../agent.ts";
import { maxOutputChars } from "../checks/probe.ts";
import { splitAddress } from "../checks/tcp-probe.ts";
import type { CheckPolicy, CheckSpec, CheckStatus } from "../state/model.ts";
import { duration, type Fields, flag, list, record, text, whole } from "./decode.ts";
import { refusal } from "./refusal.ts";

/** A check as written in a body. */
export interface CheckBody {
  CheckID: string;
  Name: string;
  Notes: string;
  Status: string;
  TTL: number;
  HTTP: string;
  Method: string;
  Header: Record<string, string[]>;
  Body: string;
  TCP: string;
  Interval: number;
  Timeout: number;
  TLSSkipVerify: boolean;
  TLSServerName: string;
  TCPUseTLS: boolean;
  DisableRedirects: boolean;
  DeregisterCriticalServiceAfter: number;
  SuccessBeforePassing: number;
  FailuresBeforeWarning: number;
  FailuresBeforeCritical: number;
  OutputMaxSize: number;
  GRPC: string;
  GRPCUseTLS: boolean;
  H2PING: string;
  H2PingUseTLS: boolean;
  UDP: string;
  AliasNode: string;
  AliasService: string;
  DockerContainerID: string;
  Shell: string;
  Args: string[];
  ScriptArgs: string[];
  Script: string;
}

/** Its keys. */
export const checkFields: Fields<CheckBody> = {
  CheckID: text,
  Name: text,
  Notes: text,
  Status: text,
  TTL: duration,
  HTTP: text,
  Method: text,
  Header: record(list(text)),
  Body: text,
  TCP: text,
  Interval: duration,
  Timeout: duration,
  TLSSkipVerify: flag,
  TLSServerName: text,
  TCPUseTLS: flag,
  DisableRedirects: flag,
  DeregisterCriticalServiceAfter: duration,
  SuccessBeforePassing: whole,
  FailuresBeforeWarning: whole,
  FailuresBeforeCritical: whole,
  OutputMaxSize: whole,
  GRPC: text,
  GRPCUseTLS: flag,
  H2PING: text,
  H2PingUseTLS: flag,
  UDP: text,
  AliasNode: text,
  AliasService: text,
  DockerContainerID: text,
  Shell: text,
  Args: list(text),
  ScriptArgs: list(text),
  Script: text,
};

/** Other spellings clients use. */
export const checkAliases = {
  check_id: "CheckID",
  script_args: "ScriptArgs",
  docker_container_id: "DockerContainerID",
  tls_skip_verify: "TLSSkipVerify",
  tls_server_name: "TLSServerName",
  tcp_use_tls: "TCPUseTLS",
  disable_redirects: "DisableRedirects",
  deregister_critical_service_after: "DeregisterCriticalServiceAfter",
  success_before_passing: "SuccessBeforePassing",
  failures_before_warning: "FailuresBeforeWarning",
  failures_before_critical: "FailuresBeforeCritical",
  output_max_size: "OutputMaxSize",
  alias_node: "AliasNode",
  alias_service: "AliasService",
  grpc_use_tls: "GRPCUseTLS",
} as const;

const minIntervalMs = 1_000;
const defaultTimeoutMs = 10_000;
const scriptTimeoutMs = 30_000;
/** An instance that crashed gets this long to come back before it is forgotten. */
export const minDeregisterMs = 60_000;

/** A status, or undefined for other text. */
export function statusOf(written: string): CheckStatus | undefined {
  return written === "passing" || written === "warning" || written === "critical" ? written : undefined;
}

/** What an operator allows. */
export interface CheckRules {
  /** Whoever reaches the port may run programs on this machine. */
  readonly scripts: boolean;
}

/**
 * The check a body asks for.
 *
 * @throws TuskerError REGISTRY_INVALID: `Invalid check: …` 400, a script 500
 */
export function toLocalCheck(body: Partial<CheckBody>, rules: CheckRules): LocalCheck {
  refuseForeignKinds(body);
  const spec = specOf(body, rules);
  return {
    id: body.CheckID ?? "",
    name: body.Name ?? "",
    notes: body.Notes ?? "",
    status: statusOf(body.Status ?? ""),
    type: spec.kind,
    spec,
  };
}

/** True when the body says nothing about a check: some clients send an empty one along. */
export function isEmptyCheck(body: Partial<CheckBody>): boolean {
  return Object.values(body).every((value) => value === "" || value === 0 || value === false);
}

function refuseForeignKinds(body: Partial<CheckBody>): void {
  const foreign = (
    [
      ["H2PING", body.H2PING],
      ["UDP", body.UDP],
      ["TLS", body.TCPUseTLS === true ? "TCP" : ""],
      ["Docker", body.DockerContainerID],
    ] as const
  ).find(([, value]) => value !== undefined && value !== "");
  if (foreign !== undefined) {
    throw invalid(`${foreign[0]} checks are not supported here; use HTTP, TCP, gRPC, TTL or an alias`);
  }
}

function specOf(body: Partial<CheckBody>, { scripts }: CheckRules): CheckSpec {
  const { HTTP = "", TCP = "", GRPC = "", AliasNode = "", AliasService = "", TTL = 0, Interval = 0 } = body;
  const args = argsOf(body);
  if (Interval > 0 && TTL > 0) throw invalid("Interval and TTL cannot both be specified");
  const policy = policyOf(body);
  if (HTTP === "" && TCP === "" && GRPC === "" && args.length === 0) {
    if (AliasNode !== "" || AliasService !== "") {
      if (TTL > 0) throw invalid("TTL must be not be set for Alias checks");
      return { kind: "alias", node: AliasNode, service: AliasService, ...policy };
    }
    if (TTL <= 0) throw invalid("TTL must be > 0 for TTL checks");
    return { kind: "ttl", ttlMs: TTL, ...policy };
  }
  if (Interval <= 0) throw invalid("Interval must be > 0 for Script, HTTP, or TCP checks");
  if (AliasNode !== "" || AliasService !== "") throw invalid("Interval cannot be set for Alias checks");
  if (args.length > 0 && !scripts) {
    const how = "to enable, configure 'enable_script_checks' to true";
    throw refusal(500, `Scripts are disabled on this agent from remote calls; ${how}`);
  }
  const { Timeout = 0 } = body;
  const pace = {
    intervalMs: Math.max(minIntervalMs, Interval),
    timeoutMs: Timeout > 0 ? Timeout : args.length > 0 ? scriptTimeoutMs : defaultTimeoutMs,
  };
  if (args.length > 0) return { kind: "script", args, ...pace, ...policy };
  if (HTTP !== "") return { kind: "http", ...httpTarget(HTTP, body), ...pace, ...policy };
  if (TCP !== "") return { kind: "tcp", address: tcpAddress("TCP", TCP), ...pace, ...policy };
  return { kind: "grpc", ...grpcTarget(GRPC, body), ...pace, ...policy };
}

function argsOf({ Args = [], ScriptArgs = [], Script = "" }: Partial<CheckBody>): readonly string[] {
  if (Script !== "") throw invalid("Script is a shell's line; use Args, a program with its arguments");
  return Args.length > 0 ? Args : ScriptArgs;
}

/** `host:port`, or `host:port/service`. */
function grpcTarget(written: string, body: Partial<CheckBody>) {
  const slash = written.indexOf("/");
  return {
    address: tcpAddress("GRPC", slash === -1 ? written : written.slice(0, slash)),
    service: slash === -1 ? "" : written.slice(slash + 1),
    tls: body.GRPCUseTLS ?? false,
    tlsSkipVerify: body.TLSSkipVerify ?? false,
    tlsServerName: body.TLSServerName ?? "",
  };
}

function httpTarget(url: string, body: Partial<CheckBody>) {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) throw invalid(`HTTP "${url}" is no http address`);
  const method = body.Method || "GET";
  const headers = body.Header ?? {};
  if (!/^[A-Za-z]+$/.test(method)) throw invalid(`Method "${method}" is no method`);
  for (const [name, values] of Object.entries(headers)) {
    // What node would refuse at each run is refused once, now.
    const bad = values.find((value) => /[^\t\x20-\x7e\x80-\xff]/.test(value));
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || bad !== undefined) {
      throw invalid(`Header "${name}" cannot be sent`);
    }
  }
  return {
    url,
    method,
    headers,
    body: body.Body ?? "",
    tlsSkipVerify: body.TLSSkipVerify ?? false,
    tlsServerName: body.TLSServerName ?? "",
    followRedirects: body.DisableRedirects !== true,
  };
}

function tcpAddress(what: string, address: string): string {
  const { host, port } = splitAddress(address);
  if (host === "" || !(port >= 1 && port <= 65_535)) throw invalid(`${what} "${address}" is no host:port`);
  return address;
}

function policyOf(body: Partial<CheckBody>): CheckPolicy {
  const critical = body.FailuresBeforeCritical ?? 0;
  const outputChars = body.OutputMaxSize ?? 0;
  if (outputChars < 0) throw invalid("MaxOutputMaxSize must be positive");
  const deregister = body.DeregisterCriticalServiceAfter ?? 0;
  return {
    successBeforePassing: body.SuccessBeforePassing ?? 0,
    failuresBeforeCritical: critical,
    failuresBeforeWarning: body.FailuresBeforeWarning ?? critical,
    deregisterAfterMs: deregister > 0 ? Math.max(minDeregisterMs, deregister) : 0,
    ...(outputChars > 0 && outputChars < maxOutputChars ? { outputChars } : {}),
  };
}

function invalid(why: string): Error {
  return refusal(400, `Invalid check: ${why}`);
}
