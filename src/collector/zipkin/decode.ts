import {
  type AttributeValue,
  isSpanId,
  isTraceId,
  nothingDropped,
  type Resource,
  type SpanData,
  type SpanEvent,
  type SpanKind,
  type SpanStatus,
} from "../../telemetry/index.ts";
import { type JsonObject, listIn, numberIn, objectIn, textIn } from "../json.ts";
import { malformed } from "../malformed.ts";
import { sharedSpanAttribute } from "../store/trace.ts";

const kinds: Readonly<Record<string, SpanKind>> = {
  CLIENT: "client",
  SERVER: "server",
  PRODUCER: "producer",
  CONSUMER: "consumer",
};

/**
 * Reads a list of Zipkin v2 spans (openzipkin/zipkin-api, zipkin2-api.yaml). As Zipkin does, one bad span refuses the
 * list.
 *
 * @throws TuskerError COLLECTOR_MALFORMED
 */
export function decodeZipkin(body: unknown): readonly SpanData[] {
  if (!Array.isArray(body)) throw malformed("the body must be a list of spans");
  const resources = new Map<string, Resource>();
  return body.map((each) => spanOf(objectIn(each, "a span"), resources));
}

function spanOf(span: JsonObject, resources: Map<string, Resource>): SpanData {
  const traceId = textIn(span.traceId, "traceId").toLowerCase().padStart(32, "0");
  const id = textIn(span.id, "id").toLowerCase().padStart(16, "0");
  const parentId = textIn(span.parentId, "parentId").toLowerCase();
  const parent = parentId === "" || /^0+$/.test(parentId) ? undefined : parentId.padStart(16, "0");
  if (!isTraceId(traceId) || !isSpanId(id) || (parent !== undefined && !isSpanId(parent)))
    throw malformed("traceId, id or parentId is no hex id");
  const service = textIn(objectIn(span.localEndpoint, "localEndpoint").serviceName, "serviceName");
  const shared = span.shared === true;
  return {
    resource: resourceFor(service === "" ? "unknown_service" : service, resources),
    traceId,
    spanId: shared ? serverHalf(id) : id,
    parentSpanId: shared ? id : parent,
    traceState: undefined,
    flags: 1,
    name: textIn(span.name, "name"),
    kind: kinds[textIn(span.kind, "kind")] ?? "internal",
    startUs: numberIn(span.timestamp, "timestamp"),
    durationUs: Math.max(0, numberIn(span.duration, "duration")),
    ...tagged(span, shared ? id : undefined),
    events: listIn(span.annotations, "annotations").map(eventOf),
    links: [],
    dropped: nothingDropped,
  };
}

/**
 * Old Zipkin clients and servers report their halves of a call under one id. The server half gets an id of its own,
 * always the same one for the same id, and the client half as parent.
 */
function serverHalf(id: string): string {
  const flipped = (BigInt(`0x${id}`) ^ 0x5e4ec0de5e4ec0den).toString(16).padStart(16, "0");
  return isSpanId(flipped) ? flipped : "5e4ec0de5e4ec0df";
}

function tagged(
  span: JsonObject,
  sharedId: string | undefined,
): { readonly attributes: Record<string, AttributeValue>; readonly status: SpanStatus } {
  const attributes: Record<string, AttributeValue> = {};
  let status: SpanStatus = { code: "unset" };
  for (const [key, value] of Object.entries(objectIn(span.tags, "tags"))) {
    const text = textIn(value, `tag ${key}`);
    // The presence of `error` alone makes a span an error one; its value may say why.
    if (key === "error") status = { code: "error", message: text === "true" ? "" : text };
    else if (key === "otel.status_code") {
      if (text === "OK" && status.code === "unset") status = { code: "ok" };
    } else if (key !== "__proto__") attributes[key] = text;
  }
  const remote = objectIn(span.remoteEndpoint, "remoteEndpoint");
  const peer = textIn(remote.serviceName, "remoteEndpoint.serviceName");
  if (peer !== "") attributes["peer.service"] ??= peer;
  const address = textIn(remote.ipv4 ?? remote.ipv6, "remoteEndpoint address");
  if (address !== "") attributes["network.peer.address"] ??= address;
  const port = numberIn(remote.port, "remoteEndpoint.port");
  if (port !== 0) attributes["network.peer.port"] ??= port;
  if (sharedId !== undefined) attributes[sharedSpanAttribute] = sharedId;
  return { attributes, status };
}

function eventOf(value: unknown): SpanEvent {
  const annotation = objectIn(value, "an annotation");
  return {
    timeUs: numberIn(annotation.timestamp, "annotation.timestamp"),
    name: textIn(annotation.value, "annotation.value"),
    attributes: {},
  };
}

function resourceFor(service: string, resources: Map<string, Resource>): Resource {
  const known = resources.get(service);
  if (known !== undefined) return known;
  const made: Resource = { service, attributes: {} };
  resources.set(service, made);
  return made;
}
