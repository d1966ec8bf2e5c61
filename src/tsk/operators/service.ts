import { ServiceRef, type ServiceTarget } from "../../kernel/index.ts";
import { withPlainText } from "./argument.ts";
import type { OperatorCall, Result } from "./row.ts";

/**
 * `@service("name", port=, tag=)`: a service of the document, found when it is asked. Nothing of that service is evaluated but
 * the address that is its text, so that two services may name each other.
 */
export function service(call: OperatorCall): Result {
  return withPlainText(call, "name", (name) => {
    const services = call.keys(["services"]);
    if (!services.has(name)) return unknown(call, name, services.keys());
    return withOptional(call, "port", (which) => {
      if (which !== undefined && which !== "rest" && which !== "grpc")
        return call.fail(
          "TSK_ARGUMENTS",
          `@service knows no port ${JSON.stringify(which)}`,
          'write "rest" or "grpc"',
        );
      return withOptional(call, "tag", (tag) => {
        if (tag === undefined || /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(tag))
          return reference(call, { name, port: which, tag });
        return call.fail(
          "TSK_ARGUMENTS",
          `${JSON.stringify(tag)} is no label of a name in DNS (RFC 1035 §2.3.1)`,
        );
      });
    });
  });
}

function withOptional(call: OperatorCall, name: string, then: (text: string | undefined) => Result): Result {
  return call.has(name) ? withPlainText(call, name, then) : then(undefined);
}

function unknown(call: OperatorCall, name: string, names: Iterable<string>): Result {
  const meant = call.suggest(name, names);
  const help = meant === undefined ? {} : { help: `did you mean "${meant}"?` };
  const absent = {
    code: "TSK_NO_KEY",
    message: `there is no service ${name} under services`,
    ...help,
  } as const;
  return { absent, node: call.node };
}

function reference(call: OperatorCall, target: ServiceTarget): Result {
  const { name, port, tag } = target;
  if (tag !== undefined) {
    const unsettled =
      port && `@service(${JSON.stringify(name)}, …) has no text: each instance with a tag has its own port`;
    return made(call, target, `${tag}.${name}.service.consul`, unsettled);
  }
  if (port === undefined) return made(call, target, name);
  const address = addressOf(call, name, port);
  if (address === "broken") return undefined;
  const key = portKeys[port];
  return address === undefined
    ? made(call, target, `${name}.service.consul`, `services.${name} has no fixed ${key}`)
    : made(call, target, address);
}

function made(call: OperatorCall, target: ServiceTarget, text: string, unsettled?: string): Result {
  return call.give({ type: "service", ref: new ServiceRef(target, text), unsettled });
}

const portKeys = { rest: "port", grpc: "grpc_port" } as const;

/** `host:port` of the first instance; undefined when the system chooses the port: only the registry knows it then. */
function addressOf(call: OperatorCall, name: string, which: "rest" | "grpc"): string | "broken" | undefined {
  const port = call.reference(["services", name, portKeys[which]]);
  const host = call.reference(["services", name, "host"]);
  if (port === undefined || host === undefined) return "broken";
  if ("absent" in port || typeof port.data !== "number" || port.data === 0) return undefined;
  const written = "data" in host && typeof host.data === "string" ? host.data : "127.0.0.1";
  return `${written.includes(":") ? `[${written}]` : written}:${port.data}`;
}
