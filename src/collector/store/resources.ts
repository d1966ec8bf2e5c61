import type { Resource } from "../../telemetry/index.ts";
import { sizeOfResource } from "./size.ts";

interface Kept {
  readonly key: string;
  readonly resource: Resource;
  readonly bytes: number;
  spans: number;
}

/** The resources of stored spans, each kept once: exporters send theirs anew with every batch. */
export class ResourcePool {
  readonly #kept = new Map<string, Kept>();
  /** What was looked up by its content before: the spans of a batch share one object. */
  readonly #seen = new WeakMap<Resource, Kept>();
  #bytes = 0;

  /** About, of memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The kept resource that says the same. Release it once for each time it was taken. */
  take(resource: Resource): Resource {
    const kept = this.#seen.get(resource) ?? this.#find(resource);
    if (kept.spans++ === 0) {
      this.#kept.set(kept.key, kept);
      this.#bytes += kept.bytes;
    }
    return kept.resource;
  }

  release(resource: Resource): void {
    const kept = this.#seen.get(resource);
    if (kept === undefined || --kept.spans > 0) return;
    this.#kept.delete(kept.key);
    this.#bytes -= kept.bytes;
  }

  #find(resource: Resource): Kept {
    const key = JSON.stringify([resource.service, resource.attributes]);
    const kept = this.#kept.get(key) ?? {
      key,
      resource,
      bytes: sizeOfResource(resource) + key.length,
      spans: 0,
    };
    this.#seen.set(resource, kept);
    return kept;
  }
}
