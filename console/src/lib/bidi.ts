// Names, titles and notes may be written from right to left, whatever the reader's language is. Beside
// other text they would turn its punctuation and its numbers round: each stands by itself.

/** Hebrew, Arabic, Syriac, Thaana, N'Ko and their like, and signs that turn what follows. */
const TURNS = /[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const SIGNS = /[\u202a-\u202e\u2066-\u2069]/g;

/** A text that may stand within another one. */
export function isolated(text: string): string {
  return TURNS.test(text) ? `\u2068${text.replace(SIGNS, "")}\u2069` : text;
}

/** Those of these that there are, one after the other. */
export function listed(...parts: (string | null | undefined)[]): string {
  return parts.filter((part): part is string => Boolean(part)).map(isolated).join(", ");
}
