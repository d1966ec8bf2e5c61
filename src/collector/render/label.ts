import type { SpanData } from "../../telemetry/index.ts";
import { cut, cutMiddle, safe } from "./ink.ts";

/** What stands before the bar of a span. */
export interface Label {
  /** Tree lines and service. */
  readonly head: string;
  readonly name: string;
  /** Whom a client called; empty where the name says it, or nothing does. */
  readonly peer: string;
}

export function labelOf(tree: string, span: SpanData): Label {
  const name = safe(span.name);
  return { head: `${tree}${safe(span.resource.service)} `, name, peer: peerOf(span, name) };
}

/** The label on one line, as long as it wants to be. */
export function wholeLabel({ head, name, peer }: Label): string {
  return `${head}${name}${peer}`;
}

/**
 * The label in at most `width` columns. What is called matters most: first the package of an RPC goes, then the peer,
 * which the span below names again, then the middle of the name.
 */
export function shortLabel(label: Label, width: number): string {
  const name = withoutPackage(label.name);
  for (const one of [label, { ...label, name }, { ...label, name, peer: "" }]) {
    const text = wholeLabel(one);
    if (lengthOf(text) <= width) return text;
  }
  const room = width - lengthOf(label.head);
  return room < leastName ? cut(`${label.head}${name}`, width) : `${label.head}${cutMiddle(name, room)}`;
}

/** Below this a name says nothing, and a cut at the end reads better. */
const leastName = 6;

/** OpenTelemetry semantic conventions: an RPC span is named `package.Service/Method`. */
function withoutPackage(name: string): string {
  return /^(?:\w+\.)+(\w+\/\w+)$/.exec(name)?.[1] ?? name;
}

function peerOf({ kind, attributes }: SpanData, name: string): string {
  if (kind !== "client" && kind !== "producer") return "";
  const peer = attributes["peer.service"] ?? attributes["server.address"];
  if (typeof peer !== "string" || peer === "" || name.includes(safe(peer))) return "";
  return ` → ${safe(peer)}`;
}

function lengthOf(text: string): number {
  return [...text].length;
}
