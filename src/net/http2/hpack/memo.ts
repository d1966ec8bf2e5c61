/** Larger blocks and more of them are not kept: memory of every connection. */
const [maxBytes, maxBlocks] = [512, 8];
/** So many blocks without one that was there before: they vary, and looking for them costs more than it saves. */
const maxMisses = 64;

/**
 * Blocks by their bytes, of a peer whose dynamic table is empty: proxies such as nginx and HAProxy write every field out
 * for each request, and what they pass on is mostly the same. Whoever changes the table's size clears it.
 */
export class BlockMemo<Block> {
  readonly #blocks = new Map<string, Block>();
  #misses = 0;

  /** What a block is kept under; undefined when it is not worth it. */
  keyOf(bytes: Buffer, from: number, end: number): string | undefined {
    return end - from > maxBytes || this.#misses >= maxMisses
      ? undefined
      : bytes.toString("latin1", from, end);
  }

  find(key: string): Block | undefined {
    const block = this.#blocks.get(key);
    if (block !== undefined) this.#misses = 0;
    return block;
  }

  keep(key: string, block: Block): void {
    if (++this.#misses >= maxMisses || this.#blocks.size === maxBlocks) this.#blocks.clear();
    this.#blocks.set(key, block);
  }

  clear(): void {
    this.#blocks.clear();
  }
}
