// Who is signed in, in which language, and the words of the organization.

import { api, ApiError } from "./api";
import { Live } from "./live.svelte";
import { People } from "./people.svelte";
import type { Activity, Me, Vocabulary } from "./types";
import { wordsOf, type Words } from "./words";

export class Session {
  me = $state<Me | null>(null);
  known = $state(false);
  vocabulary = $state<Vocabulary>({ activities: [], roles: [] });
  loaded = $state(false);
  /** Moves with the clock; at most a second old where somebody is about to change. */
  now = $state(new Date());

  readonly people = new People();
  readonly live = new Live({
    snapshot: (people) => {
      this.people.replace(people, this.activityName);
      this.loaded = true;
    },
    changed: (frame) => this.people.update(frame.people, this.activityName),
    settings: () => void this.#readVocabulary(),
    signedOut: () => this.#end(),
  });

  readonly locale = $derived(this.me?.language ?? navigator.language);
  readonly words: Words = $derived(wordsOf(this.locale));

  constructor() {
    setInterval(() => (this.now = new Date()), 5000);
  }

  async begin(): Promise<void> {
    try {
      this.me = await api.me();
      await this.#readVocabulary();
      this.live.open();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.me = null;
    }
    this.known = true;
  }

  async signIn(name: string, password: string): Promise<void> {
    await api.signIn(name, password);
    await this.begin();
  }

  async signOut(): Promise<void> {
    await api.signOut().catch(() => undefined);
    this.#end();
  }

  activity = (id: string): Activity | undefined =>
    this.vocabulary.activities.find((activity) => activity.id === id);

  /** An activity's name in the reader's language. */
  activityName = (id: string): string => {
    const names = this.activity(id)?.names ?? {};
    return names[this.locale] ?? names[this.locale.split("-")[0] ?? ""] ?? names["en"] ?? id;
  };

  /** Whether a state may be set for this person: attendants for all, everybody for oneself. */
  maySet(person: string): boolean {
    return this.me?.role !== "member" || this.me.person === person;
  }

  async #readVocabulary(): Promise<void> {
    this.vocabulary = await api.vocabulary();
  }

  #end(): void {
    this.live.close();
    this.me = null;
    this.loaded = false;
  }
}

export const session = new Session();
