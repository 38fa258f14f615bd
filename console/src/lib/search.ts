// Finding people as a telephonist types: beginnings of words, in any order, without accents.

/** Letters that no accent can be taken from, as people type them on any keyboard. */
const PLAIN: Record<string, string> = {
  ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ħ: "h", ŧ: "t", ı: "i", ς: "σ",
  ى: "ي", ی: "ي", ک: "ك", ة: "ه",
};
/** The same as German, Danish and Swedish write them where their own letters are missing. */
const SPELT: Record<string, string> = { ä: "ae", ö: "oe", ü: "ue", ø: "oe", å: "aa" };
const SPELLED = /[äöüøå'’]/;

/** Accents, vowel points of Hebrew and Arabic, and what is not seen but turns or joins letters. */
const MARKS = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0e\ufe0f]/g;

/** Digits of other scripts, by their own zero. */
const digit = (one: string): string => {
  const code = one.charCodeAt(0);
  return String(code - (code < 0x6f0 ? 0x660 : 0x6f0));
};

/** Lower case, without accents: what is typed and what is searched are compared as this. */
export function fold(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFD")
    .replace(MARKS, "")
    .replace(/[ßæœøłđðþħŧıςىیکة]/g, (letter) => PLAIN[letter] ?? letter)
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, digit)
    .replace(/['’ʼ‘`´׳]/g, "")
    .replace(/(\d)[ \u00a0\u2009\u202f‐‑-](?=\d)/g, "$1") // numbers as they are dialled, however they are written
    .replace(/[-‐‑–/.,@+()\s]+/g, " ");
}

/** All that a text is found by: müller is written mueller, too; o'brien is found by brien. */
export function findable(text: string): string {
  const folded = fold(text);
  const lower = text.toLowerCase().normalize("NFC");
  if (!SPELLED.test(lower)) return folded;
  return `${folded} ${fold(lower.replace(/[äöüøå'’]/g, (letter) => SPELT[letter] ?? " "))}`;
}

export function words(query: string): string[] {
  return fold(query).split(/\s+/).filter(Boolean);
}

/** Scripts that put no space between words, so that a given name begins in the middle of one. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** Every word begins a word of the haystack (which begins with a space); digits match anywhere. */
export function matches(haystack: string, words: string[]): boolean {
  return words.every((word) => {
    if (/^\d+$/.test(word)) return hasNumber(haystack, word);
    return haystack.includes(UNSPACED.test(word) ? word : ` ${word}`);
  });
}

/** 070-123 is written +46 70 123, too: without the zeros that only lead out. */
function hasNumber(haystack: string, digits: string): boolean {
  if (haystack.includes(digits)) return true;
  const bare = digits.replace(/^0+/, "");
  return bare.length > 2 && bare !== digits && haystack.includes(bare);
}
