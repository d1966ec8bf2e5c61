import type { AttributeValue } from "./span-data.ts";

/** A list of two or three, which is smaller so than as an array or an object. */
export interface OwnAttribute {
  readonly name: string;
  value: AttributeValue;
  readonly next: OwnAttribute | undefined;
}
