/** First line of every file: whoever opens it must know where to change it. */
export function generatedFrom(file: string, mark: "#" | "//" = "#"): string {
  return `${mark} ${generatedText(file)}\n`;
}

export function generatedText(file: string): string {
  return `Written by \`tusker deploy\` from ${file}. Change that file and run it again.`;
}
