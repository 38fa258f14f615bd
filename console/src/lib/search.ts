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
    .replace(/ł/g, "l");
}

/** Every word begins a word of the haystack (which begins with a space); digits match anywhere. */
export function matches(haystack: string, words: string[]): boolean {
  return words.every((word) => haystack.includes(/^\d+$/.test(word) ? word : ` ${word}`));
}
