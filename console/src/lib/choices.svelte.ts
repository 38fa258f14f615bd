// One's own choices as a form holds them, and what of them has to be sent. What the form cannot
// say (a rule made by an administrator's tool) is kept as it came.

import type { Audience, Availability, Choices, Level, Preferences, Problem, Rule, ShowAs } from "./types";
import type { Words } from "./words";

export const cells: ShowAs[] = ["free", "tentative", "busy", "oof", "elsewhere"];
export const audiences: Audience[] = ["attendant", "department", "organization", "outside"];
export const levels: Level[] = ["nothing", "times", "activity", "subject"];
/** Stands for "this booking does not count" among activities. */
export const IGNORED = "\0ignored";
/** Stands for a number to be written among the places calls may go to. */
export const NUMBER = "\0number";

export type Place = "code" | "word" | "category";

export interface Word {
  /** Null: a rule that says more than this form can. */
  place: Place | null;
  text: string;
  means: string;
  rule: Rule | null;
}

export interface Forward {
  activity: string;
  to: string;
  number: string;
}

const byStatus: Record<ShowAs, Availability> = {
  free: "available",
  tentative: "available",
  busy: "busy",
  oof: "away",
  elsewhere: "available",
};

/** What stands in the form. */
export class Draft {
  calendar = $state(true);
  autoReturn = $state(true);
  writeBack = $state(false);
  /** A preset, ``own`` for the table below, or empty: as the organization. */
  showAs = $state("");
  table = $state(byStatus);
  language = $state("");
  wordLanguages = $state<string[]>([]);
  words = $state<Word[]>([]);
  forwards = $state<Forward[]>([]);
  /** Empty: as the organization. */
  disclosure = $state<Record<Audience, Level | "">>({ attendant: "", department: "", organization: "", outside: "" });

  constructor(stored: Preferences) {
    const { otherwise } = stored;
    const own = stored.show_as;
    this.calendar = stored.calendar ?? otherwise.calendar ?? true;
    this.autoReturn = stored.auto_return ?? otherwise.auto_return ?? true;
    this.writeBack = stored.write_back ?? otherwise.write_back ?? false;
    this.showAs = typeof own === "string" ? own : own ? "own" : "";
    this.table = { ...byStatus, ...tableOf(otherwise.show_as), ...tableOf(own) };
    this.language = stored.language ?? "";
    this.wordLanguages = [...(stored.keyword_languages ?? [])];
    this.words = stored.keywords.map(wordOf);
    this.forwards = Object.entries(stored.forward).map(([activity, to]) => ({ activity, to, number: "" }));
    for (const audience of audiences) this.disclosure[audience] = stored.disclosure[audience] ?? "";
  }
}

function tableOf(choice: Choices["show_as"]): Partial<Record<ShowAs, Availability>> {
  if (choice === "all-busy") return Object.fromEntries(cells.map((cell) => [cell, "busy"]));
  return choice !== null && typeof choice === "object" ? choice : {};
}

/** Only what was changed: what is left alone goes on following the organization. */
export function changes(stored: Preferences, draft: Draft): Partial<Choices> {
  const before = said(new Draft(stored));
  const now = said(draft);
  const found = Object.entries(now).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key as keyof Choices]),
  );
  return Object.fromEntries(found);
}

/** A draft over what holds now: what was chosen in it and nobody else changed meanwhile. */
export function rebased(before: Preferences, draft: Draft, now: Preferences): Draft {
  const mine = changes(before, draft);
  const theirs = changes(before, new Draft(now));
  const chosen = Object.keys(mine).filter((key) => !(key in theirs));
  const fresh = new Draft(now);
  for (const key of chosen) take[key as keyof Choices](fresh, draft);
  return fresh;
}

/** A draft over what was saved just now: what was chosen after it was sent stays chosen. */
export function continued(sent: Partial<Choices>, before: Preferences, draft: Draft, saved: Preferences): Draft {
  const mine = changes(before, draft);
  const fresh = new Draft(saved);
  for (const key of Object.keys({ ...sent, ...mine }) as (keyof Choices)[]) {
    if (JSON.stringify(mine[key]) !== JSON.stringify(sent[key])) take[key](fresh, draft);
  }
  return fresh;
}

/** How each choice stands in a draft. */
const take: Record<keyof Choices, (to: Draft, from: Draft) => void> = {
  calendar: (to, from) => (to.calendar = from.calendar),
  auto_return: (to, from) => (to.autoReturn = from.autoReturn),
  write_back: (to, from) => (to.writeBack = from.writeBack),
  show_as: (to, from) => {
    to.showAs = from.showAs;
    to.table = from.table;
  },
  language: (to, from) => (to.language = from.language),
  keyword_languages: (to, from) => (to.wordLanguages = from.wordLanguages),
  keywords: (to, from) => (to.words = from.words),
  forward: (to, from) => (to.forwards = from.forwards),
  disclosure: (to, from) => (to.disclosure = from.disclosure),
};

function said(draft: Draft): Choices {
  return {
    calendar: draft.calendar,
    auto_return: draft.autoReturn,
    write_back: draft.writeBack,
    show_as: draft.showAs === "own" ? { ...draft.table } : draft.showAs || null,
    language: draft.language || null,
    keyword_languages: draft.wordLanguages.length ? [...draft.wordLanguages].sort() : null,
    keywords: draft.words.map(ruleOf),
    forward: Object.fromEntries(draft.forwards.map((one) => [one.activity, targetOf(one)])),
    disclosure: Object.fromEntries(audiences.flatMap((one) => (draft.disclosure[one] ? [[one, draft.disclosure[one]]] : []))),
  };
}

export function targetOf(forward: Forward): string {
  return forward.to === NUMBER ? forward.number.trim() : forward.to;
}

const given = (part: Record<string, unknown>) => Object.entries(part).filter(([, value]) => value !== null);

function wordOf(rule: Rule): Word {
  const [match, ...moreMatch] = given(rule.match);
  const [then, ...moreThen] = given(rule.then);
  const beyond = { place: null, text: "", means: "", rule };
  if (!match || !then || moreMatch.length || moreThen.length) return beyond;
  const [place, wanted] = match;
  const means = then[0] === "activity" ? String(then[1]) : then[0] === "ignore" && then[1] === true ? IGNORED : "";
  if (!means || !isPlace(place)) return beyond;
  return { place, text: Array.isArray(wanted) ? wanted.join(", ") : String(wanted), means, rule };
}

function isPlace(key: string): key is Place {
  return key === "code" || key === "word" || key === "category";
}

function ruleOf(word: Word): Rule {
  const before = word.rule;
  if (word.place === null) return before ?? { match: {}, then: {} };
  if (before) {
    const stored = wordOf(before);
    if (stored.place === word.place && stored.text === word.text && stored.means === word.means) return before;
  }
  const texts = word.text.split(",").map((one) => one.trim()).filter(Boolean);
  const rule: Rule = {
    match: { [word.place]: texts.length === 1 ? texts[0] : texts },
    then: word.means === IGNORED ? { ignore: true } : { activity: word.means },
  };
  return before?.id ? { id: before.id, ...rule } : rule;
}

/** What is wrong, by where it stands: ``keywords.0``, ``forward.meeting``, ``disclosure.outside``. */
export type Wrong = Record<string, string>;

/** What can be seen here without asking the server. */
export function unfinished(draft: Draft, words: Words): Wrong {
  const wrong: Wrong = {};
  draft.words.forEach((word, index) => {
    if (word.place !== null && !/[^\s,]/.test(word.text)) wrong[`keywords.${index}`] = words.wordMissing;
  });
  for (const one of draft.forwards)
    if (!targetOf(one)) wrong[`forward.${one.activity}`] = words.forwardRefused;
  return wrong;
}

/** What the server said of single fields; ``null`` where it said nothing of any. */
export function refused(problem: Problem, words: Words): Wrong | null {
  const wrong: Wrong = {};
  for (const { key, what } of problem.problems ?? []) {
    const path = key.replace(/^preferences\./, "").replace(/\[(\d+)\]/g, ".$1").split(".");
    const [field = "", which] = path;
    if (field === "keywords" && which) wrong[`keywords.${which}`] = words.wordRefused;
    else if (field === "forward" && which) wrong[`forward.${which}`] = words.forwardRefused;
    else if (field === "disclosure" && which) wrong[`disclosure.${which}`] = what;
    else return null;
  }
  return Object.keys(wrong).length ? wrong : null;
}

const targets: Record<string, keyof Words> = {
  desk: "toDesk",
  mobile: "toMobile",
  softphone: "toSoftphone",
  dect: "toDect",
  home: "toHome",
  assistant: "toAssistant",
  voicemail: "toVoicemail",
  attendant: "toAttendant",
  announce: "toAnnounce",
  busy: "toBusy",
  ring: "toRing",
};

/** Where calls go, in the reader's language; a number as it is. */
export function targetName(target: string, words: Words): string {
  const name = Object.hasOwn(targets, target) ? targets[target] : undefined;
  return name ? words[name] : target;
}
