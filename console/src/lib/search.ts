// Finding people as a telephonist types: beginnings of words, in any order, without accents.

/** Lower case, without accents; å, ä, ö, ß, ø and ł as people type them on any keyboard. */
export function fold(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/ß/g, "ss")
    .replace(/ø/g, "o")
    .replace(/æ/g, "ae")
    .replace(/ł/g, "l")
    .replace(/(\d)[ -](?=\d)/g, "$1") // numbers as they are dialled, however they are written
    .replace(/[-/.,@+()\n]+/g, " ");
}

export function words(query: string): string[] {
  return fold(query).split(/\s+/).filter(Boolean);
}

/** Every word begins a word of the haystack (which begins with a space); digits match anywhere. */
export function matches(haystack: string, words: string[]): boolean {
  return words.every((word) =>
    /^\d+$/.test(word) ? hasNumber(haystack, word) : haystack.includes(` ${word}`),
  );
}

/** 070-123 is written +46 70 123, too: without the zeros that only lead out. */
function hasNumber(haystack: string, digits: string): boolean {
  if (haystack.includes(digits)) return true;
  const bare = digits.replace(/^0+/, "");
  return bare.length > 2 && bare !== digits && haystack.includes(bare);
}
