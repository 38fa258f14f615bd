// The console's own words, one file a language. Activities and roles come from the server.

import { isolated } from "../bidi";
import { da } from "./da";
import { de } from "./de";
import { en, type Words } from "./en";
import { es } from "./es";
import { fi } from "./fi";
import { fr } from "./fr";
import { it } from "./it";
import { nb } from "./nb";
import { nl } from "./nl";
import { pl } from "./pl";
import { pt } from "./pt";
import { sv } from "./sv";

export type { Words } from "./en";

const all: Record<string, Words> = { sv, en, de, nb, no: nb, nn: nb, da, fi, nl, fr, es, it, pl, pt };

/** Tags a person may choose, in the order they are offered. */
export const languages = ["sv", "en", "de", "nb", "da", "fi", "nl", "fr", "es", "it", "pl", "pt"];

/** The words of a language, English where it is not spoken. */
export function wordsOf(tag: string): Words {
  return all[tag.split("-")[0] ?? ""] ?? en;
}

/** What a language is called by those who speak it. */
export function nameOf(tag: string): string {
  const name = new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
  return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
}

/** Put values into ``{places}``. */
export function put(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => isolated(values[name] ?? ""));
}
