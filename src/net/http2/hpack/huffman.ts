/** The Huffman code of RFC 7541 §5.2 and Appendix B. */

/**
 * Bits of the code of each byte, and of EOS at the end. The code is canonical (RFC 7541 Appendix B): codes of one length
 * follow each other in the order of their symbols, so the lengths are all there is to know.
 */
const lengths: readonly number[] = [
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28],
  ...[28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  ...[6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6],
  ...[5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  ...[13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
  ...[7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5],
  ...[6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  ...[20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
  ...[24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  ...[22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23],
  ...[21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  ...[26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25],
  ...[19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
  ...[20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23],
  ...[26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
  30,
];
const eos = 256;

interface Tables {
  /** The code of each byte, right-aligned. */
  readonly codes: Uint32Array;
  /**
   * The decoder: what follows a state when four more bits come. Next state in the low 16 bits, then a byte that is
   * complete (bits 16–23) and whether there is one (bit 24); bit 25: the bits are no code. A state is a node of the
   * code's tree.
   */
  readonly steps: Uint32Array;
  /** States in which a string may end: at most seven ones since the last byte (RFC 7541 §5.2). */
  readonly final: Uint8Array;
}

const emits = 1 << 24;
const broken = 1 << 25;

let tables: Tables | undefined;

/**
 * Decodes `length` bytes from `from`; every byte becomes one character (Latin-1).
 *
 * @returns undefined when the bytes are no Huffman string: EOS inside, or a padding that is longer than seven bits or
 * not made of ones
 */
export function huffmanDecode(bytes: Uint8Array, from: number, length: number): string | undefined {
  const { steps, final } = tablesOf();
  // The shortest code has five bits.
  const room = ((length * 8) / 5 + 1) | 0;
  if (scratch.byteLength < room) scratch = Buffer.allocUnsafeSlow(room * 2);
  const out = scratch;
  let size = 0;
  let state = 0;
  for (let at = from; at < from + length; at++) {
    const byte = bytes[at] ?? 0;
    const high = steps[(state << 4) | (byte >> 4)] ?? broken;
    if (high & emits) out[size++] = high >> 16;
    const low = steps[((high & 0xffff) << 4) | (byte & 15)] ?? broken;
    if (low & emits) out[size++] = low >> 16;
    if ((high | low) & broken) return undefined;
    state = low & 0xffff;
  }
  return final[state] === 1 ? out.toString("latin1", 0, size) : undefined;
}

let scratch: Buffer = Buffer.allocUnsafeSlow(0);

/** Bytes the text takes when encoded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += lengths[text.charCodeAt(i) & 0xff] ?? 0;
  return (bits + 7) >> 3;
}

/** Writes the Latin-1 text at `at`; the caller has made room for `huffmanLength`. Returns the end. */
export function huffmanEncode(text: string, into: Uint8Array, at: number): number {
  const { codes } = tablesOf();
  let end = at;
  /** Bits not yet written, at most seven before a code is added: they fit in a double's 53 with the longest code. */
  let rest = 0;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i) & 0xff;
    const length = lengths[byte] ?? 0;
    rest = rest * 2 ** length + (codes[byte] ?? 0);
    count += length;
    while (count >= 8) {
      count -= 8;
      const top = Math.floor(rest / 2 ** count);
      into[end++] = top;
      rest -= top * 2 ** count;
    }
  }
  // RFC 7541 §5.2: padded with the most significant bits of EOS, which are ones.
  if (count > 0) into[end++] = rest * 2 ** (8 - count) + (2 ** (8 - count) - 1);
  return end;
}

/** Built when the first string needs them. */
function tablesOf(): Tables {
  tables ??= buildTables();
  return tables;
}

function buildTables(): Tables {
  const codes = canonicalCodes();
  const tree = treeOf(codes);
  const states = tree.length / 2;
  const steps = new Uint32Array(states * 16);
  for (let state = 0; state < states; state++)
    for (let bits = 0; bits < 16; bits++) steps[(state << 4) | bits] = stepOf(tree, state, bits);
  const final = new Uint8Array(states);
  for (let node = 0, ones = 0; ones < 8; ones++) {
    final[node] = 1;
    node = tree[node * 2 + 1] ?? 0;
  }
  return { codes, steps, final };
}

function canonicalCodes(): Uint32Array {
  const codes = new Uint32Array(257);
  let code = 0;
  for (let length = 5; length <= 30; length++) {
    for (let symbol = 0; symbol <= eos; symbol++) if (lengths[symbol] === length) codes[symbol] = code++;
    code *= 2;
  }
  return codes;
}

/** Inner nodes as pairs of children: a node's number, or −1 − symbol for a leaf. */
function treeOf(codes: Uint32Array): number[] {
  const tree: number[] = [0, 0];
  for (let symbol = 0; symbol <= eos; symbol++) {
    const length = lengths[symbol] ?? 0;
    let node = 0;
    for (let i = length - 1; i >= 0; i--) {
      const child = node * 2 + (((codes[symbol] ?? 0) >>> i) & 1);
      if (i === 0) tree[child] = -1 - symbol;
      else if (tree[child] === 0) {
        tree[child] = tree.length / 2;
        tree.push(0, 0);
      }
      node = tree[child] ?? 0;
    }
  }
  return tree;
}

function stepOf(tree: readonly number[], state: number, bits: number): number {
  let node = state;
  let step = 0;
  for (let i = 3; i >= 0; i--) {
    const child = tree[node * 2 + ((bits >> i) & 1)] ?? 0;
    if (child >= 0) node = child;
    else {
      const symbol = -1 - child;
      if (symbol === eos) return broken;
      step = emits | (symbol << 16);
      node = 0;
    }
  }
  return step | node;
}
