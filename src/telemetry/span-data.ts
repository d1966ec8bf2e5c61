/** What a span can say about itself. Arrays are of one kind each; undefined values are left out. */
export type AttributeValue = string | number | boolean | readonly (string | number | boolean)[];

/** Attributes by name, OpenTelemetry semantic conventions where there is one. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** As callers give them: an undefined value means "leave out". */
export type AttributeInput = Readonly<Record<string, AttributeValue | undefined>>;

export const spanKinds = ["internal", "server", "client", "producer", "consumer"] as const;

/** The part a span plays in a call; OTLP SpanKind without its "unspecified", which reads as internal. */
export type SpanKind = (typeof spanKinds)[number];

export type SpanStatus =
  | { readonly code: "unset" }
  | { readonly code: "ok" }
  | { readonly code: "error"; readonly message: string };

/** Of nearly every span. Shared, as `nothingDropped`. */
export const unsetStatus: SpanStatus = Object.freeze({ code: "unset" });

export interface SpanEvent {
  /** Microseconds since the Unix epoch. */
  readonly timeUs: number;
  readonly name: string;
  readonly attributes: Attributes;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
}

/** Who produced a span: one object per process, shared by all of its spans. */
export interface Resource {
  /** `service.name`. */
  readonly service: string;
  /** Further resource attributes: `service.instance.id`, `service.version`, … */
  readonly attributes: Attributes;
}

/** One finished span: what exporters write, receivers read and the collector stores. */
export interface SpanData {
  readonly resource: Resource;
  /** 32 lowercase hex digits. */
  readonly traceId: string;
  /** 16 lowercase hex digits. */
  readonly spanId: string;
  /** undefined: this span is the root of its trace. */
  readonly parentSpanId: string | undefined;
  readonly traceState: string | undefined;
  /** W3C trace flags: bit 0 sampled, bit 1 random trace id. */
  readonly flags: number;
  readonly name: string;
  readonly kind: SpanKind;
  /** Whole microseconds since the Unix epoch. */
  readonly startUs: number;
  /** Whole microseconds. */
  readonly durationUs: number;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly status: SpanStatus;
  /** What the span's limits cut away. */
  readonly dropped: { readonly attributes: number; readonly events: number; readonly links: number };
}

/** Of a span that lost nothing. Shared, because nearly every span is one. */
export const nothingDropped: SpanData["dropped"] = Object.freeze({ attributes: 0, events: 0, links: 0 });

/** Where finished spans go. */
export interface SpanSink {
  /** Takes a finished span. Never blocks and never throws. */
  accept(span: SpanData): void;
}
