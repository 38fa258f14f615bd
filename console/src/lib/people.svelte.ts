// Everybody, live. Holds thousands of people without making each a reactive object: a frame from
// the stream replaces entries in a plain map and moves one version number; only rows on the
// screen read their person again.

import { fold, matches } from "./search";
import type { Availability, Person, Presence } from "./types";

export interface Entry {
  readonly id: string;
  person: Person;
  haystack: string;
}

export class People {
  #entries = new Map<string, Entry>();
  #order: Entry[] = [];
  /** Moves with every frame: whoever reads an entry reads this first. */
  version = $state(0);
  revision = 0;

  get size(): number {
    return void this.version, this.#entries.size;
  }

  get(id: string): Person | undefined {
    return void this.version, this.#entries.get(id)?.person;
  }

  /** The list as it stood in a snapshot; people who are no longer in it go. */
  replace(people: Person[], nameOf: (activity: string) => string): void {
    this.#entries = new Map(people.map((person) => [person.id, entryOf(person, nameOf)]));
    this.#sort();
    this.version += 1;
  }

  /** A frame of the stream: whole people, or presences of people we know. */
  update(changes: (Person | Presence)[], nameOf: (activity: string) => string): void {
    let grown = false;
    for (const change of changes) {
      const known = this.#entries.get("presence" in change ? change.id : change.person);
      const person = "presence" in change ? change : known && { ...known.person, presence: change };
      if (!person) continue;
      grown ||= !known || known.person.name !== person.name;
      this.#entries.set(person.id, entryOf(person, nameOf));
    }
    if (grown) this.#sort();
    this.version += 1;
  }

  /** Ids of those who match, ordered by name: a change of state never moves a row. */
  select(query: string, states: ReadonlySet<Availability>): string[] {
    const words = fold(query).split(/\s+/).filter(Boolean);
    const found: string[] = [];
    for (const { id } of this.#order) {
      const entry = this.#entries.get(id);
      if (!entry) continue;
      if (states.size && !states.has(entry.person.presence.availability)) continue;
      if (matches(entry.haystack, words)) found.push(id);
    }
    return found;
  }

  counts(): Record<Availability, number> {
    void this.version;
    const counts = { available: 0, busy: 0, away: 0, dnd: 0, offline: 0 };
    for (const entry of this.#entries.values()) counts[entry.person.presence.availability] += 1;
    return counts;
  }

  #sort(): void {
    const collator = new Intl.Collator(undefined, { sensitivity: "base" });
    this.#order = [...this.#entries.values()].sort((a, b) =>
      collator.compare(a.person.name, b.person.name),
    );
  }
}

function entryOf(person: Person, nameOf: (activity: string) => string): Entry {
  const initials = person.name
    .split(/[\s-]+/)
    .map((part) => part[0] ?? "")
    .join("");
  const activity = person.presence.activity ? nameOf(person.presence.activity) : "";
  const parts = [person.name, initials, person.id, person.extension, person.mobile];
  parts.push(person.department, person.title, person.email, activity, ...(person.skills ?? []));
  return { id: person.id, person, haystack: ` ${fold(parts.filter(Boolean).join(" "))}` };
}
