/** A state of a key or of a whole registry. Opaque: compare for equality only. */
export type Version = string;
