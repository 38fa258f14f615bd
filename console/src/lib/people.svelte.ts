// Everybody, live. Holds thousands of people without making each a reactive object: a frame from
// the stream replaces entries in a plain map and moves one version number; only rows on the
// screen read their person again.

import { findable, fold, matches, words } from "./search";
import type { Availability, Person, Presence } from "./types";

interface Entry {
  readonly id: string;
  person: Person;
  /** What a change of state leaves as it is; folding it for every change would cost frames. */
  fixed: string;
}

/** What a state is called, all of it: its activity and its availability. */
export type NamesOf = (activity: string | null, availability: Availability) => string;

export class People {
  #entries = new Map<string, Entry>();
  #order: Entry[] = [];
  #folded = new Map<string, string>();
  #collator = new Intl.Collator();
  #namesOf: NamesOf = (activity, availability) => `${activity ?? ""} ${availability}`;
  /** Moves with every frame: whoever reads an entry reads this first. */
  version = $state(0);

  get size(): number {
    return void this.version, this.#entries.size;
  }

  get(id: string): Person | undefined {
    return void this.version, this.#entries.get(id)?.person;
  }

  /** Find by these names of states from now on, and order as this language does. */
  speak(locale: string, namesOf: NamesOf): void {
    this.#collator = new Intl.Collator(locale, { sensitivity: "base", numeric: true });
    this.#namesOf = namesOf;
    this.#folded.clear();
    this.#sort();
    this.version += 1;
  }

  /** The list as it stood in a snapshot; people who are no longer in it go. */
  replace(people: Person[]): void {
    this.#entries = new Map(people.map((person) => [person.id, entryOf(person)]));
    this.#sort();
    this.version += 1;
  }

  /** A frame of the stream: whole people, or presences of people we know. */
  update(changes: (Person | Presence)[]): void {
    let grown = false;
    for (const change of changes) {
      const known = this.#entries.get("presence" in change ? change.id : change.person);
      if (!("presence" in change)) {
        if (known) known.person = { ...known.person, presence: change };
        continue;
      }
      grown ||= !known || known.person.name !== change.name;
      this.#entries.set(change.id, entryOf(change));
    }
    if (grown) this.#sort();
    this.version += 1;
  }

  remove(ids: string[]): void {
    for (const id of ids) this.#entries.delete(id);
    this.#sort();
    this.version += 1;
  }

  /** Ids of those who match, ordered by name: a change of state never moves a row. */
  select(query: string, states: ReadonlySet<Availability>): string[] {
    const wanted = words(query);
    const found: string[] = [];
    for (const { id } of this.#order) {
      const entry = this.#entries.get(id);
      if (!entry) continue;
      const presence = entry.person.presence;
      if (states.size && !(states.has(presence.availability) && isTold(presence))) continue;
      if (wanted.length && !matches(entry.fixed + this.#state(presence), wanted)) continue;
      found.push(id);
    }
    return found;
  }

  counts(): Record<Availability, number> {
    void this.version;
    const counts = { available: 0, busy: 0, away: 0, dnd: 0, offline: 0 };
    for (const { person } of this.#entries.values())
      if (isTold(person.presence)) counts[person.presence.availability] += 1;
    return counts;
  }

  /** A state as it is searched for: "meeting" and "busy", as far as it is told. */
  #state(presence: Presence): string {
    if (!isTold(presence)) return "";
    const key = `${presence.activity ?? ""} ${presence.availability}`;
    let folded = this.#folded.get(key);
    if (folded === undefined) {
      folded = ` ${fold(this.#namesOf(presence.activity, presence.availability))}`;
      this.#folded.set(key, folded);
    }
    return folded;
  }

  #sort(): void {
    // Those of one name keep their order, too, whatever order they came in.
    this.#order = [...this.#entries.values()].sort(
      (a, b) => this.#collator.compare(a.person.name, b.person.name) || (a.id < b.id ? -1 : 1),
    );
  }
}

/** Whether the viewer is told anything of a presence. */
export function isTold(presence: Presence): boolean {
  return presence.level !== "nothing";
}

/** Whether the calendars of somebody new are still read for the first time: nothing is known yet. */
export function isUnread(presence: Presence): boolean {
  return presence.revision === 0 && !isTold(presence);
}

function entryOf(person: Person): Entry {
  const parts = [person.name, person.initials, person.id, person.extension, person.mobile];
  parts.push(person.department, person.title, person.email, ...person.skills);
  parts.push(...person.numbers.map((one) => one.number));
  return { id: person.id, person, fixed: ` ${findable(parts.filter(Boolean).join("\n"))}` };
}
