/** 32 MiB: a snapshot of many large values still fits. */
const maxLineChars = 32 * 1024 * 1024;

/**
 * Lines of a stream of JSON texts, one each.
 *
 * @throws RangeError when a line never ends
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    const lines = decoder.decode(chunk, { stream: true }).split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      const whole = [...pieces, line].join("");
      pieces = [];
      size = 0;
      if (whole.trim() !== "") yield whole;
    }
    pieces.push(last);
    size += last.length;
    if (size > maxLineChars) throw new RangeError(`a line exceeds ${maxLineChars} characters`);
  }
  const rest = pieces.join("");
  if (rest.trim() !== "") yield rest;
}
