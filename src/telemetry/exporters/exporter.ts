import type { SpanData } from "../span-data.ts";

/** One protocol and one address: turns spans into the requests that carry them. */
export interface Exporter {
  readonly protocol: ExportProtocol;
  /** Where requests go. */
  readonly url: string;
  /** One request, or several where the protocol allows only one service per request. */
  encode(spans: readonly SpanData[]): readonly ExportRequest[];
  /** Begins a batch whose spans are written as they end. Left out where a protocol wants to see all of them first. */
  begin?(): Writing;
}

/** A batch that is being written. */
export interface Writing {
  /** @returns bytes so far */
  add(span: SpanData): number;
  /** What carries all that was added. Called once, when nothing more is added. */
  finish(): readonly ExportRequest[];
  /** What carried them has arrived: its memory may be written to again. */
  arrived?(): void;
}

export const exportProtocols = ["otlp", "zipkin", "jaeger"] as const;
export type ExportProtocol = (typeof exportProtocols)[number];

/** Always sent with POST. */
export interface ExportRequest {
  readonly url: string;
  /** Flat pairs. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/**
 * The port through which exporters reach the network. It answers with the status once the answer's body is read or
 * given up, rejects when there was no answer, and is never traced itself.
 */
export type Send = (request: ExportRequest, signal: AbortSignal) => Promise<ExportAnswer>;

export interface ExportAnswer {
  readonly status: number;
  /** First value of a header field; read for Retry-After. */
  header?(name: string): string | undefined;
}
