/**
 * Columns of a terminal that a text takes: two for what East Asian scripts and emoji draw wide (Unicode Standard Annex #11,
 * W and F), none for marks that combine with the character before, one for everything else, tabs too.
 */
export function columnsOf(text: string): number {
  if (narrow.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += columnsOfOne(character);
  return columns;
}

/** Blank of the same width; tabs stay tabs so that what is below stays below. */
export function blankOf(text: string): string {
  let blank = "";
  for (const character of text) blank += character === "\t" ? "\t" : " ".repeat(columnsOfOne(character));
  return blank;
}

function columnsOfOne(character: string): number {
  if (narrow.test(character)) return 1;
  if (none.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

// Latin, Greek, Cyrillic and the like, without their combining marks.
const narrow = /^[\t\u0020-\u007e\u00a0-\u02ff\u0370-\u0482\u048a-\u0590]*$/;

const none =
  /^[\p{Mn}\p{Me}\u061c\u1160-\u11ff\u180e\u200b-\u200f\u2060-\u2064\u206a-\u206f\ud7b0-\ud7fb\ufeff\ufff9-\ufffb]$/u;

const wide =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cd5}\u{18d00}-\u{18d08}\u{1aff0}-\u{1b2fb}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]$|^(?![\u{1f1e6}-\u{1f1ff}])\p{Emoji_Presentation}$/u;
