// Who is signed in, in which language, and the words of the organization.

import { api, ApiError, calls } from "./api";
import { Live } from "./live.svelte";
import { isTold, type NamesOf, People } from "./people.svelte";
import type { Activity, Me, Presence, Vocabulary } from "./types";
import { wordsOf, type Words } from "./words";

class Session {
  me = $state<Me | null>(null);
  /** Whether the server has said who is signed in; before, there is nothing to show. */
  known = $state(false);
  /** Whether somebody was signed in and is no longer, without having asked for it. */
  ended = $state(false);
  /** Whether the server did not answer at all. */
  unreachable = $state(false);
  organization = $state<string | null>(null);
  vocabulary = $state.raw<Vocabulary>({ activities: [], roles: [] });
  loaded = $state(false);
  /** Moves when what the organization or an account is set to may have changed. */
  settings = $state(0);
  /** Moves every few seconds, for what depends on the clock alone. */
  now = $state(new Date());

  readonly people = new People();
  readonly live = new Live({
    snapshot: (people) => {
      this.people.replace(people);
      this.loaded = true;
    },
    changed: (changes) => this.people.update(changes),
    gone: (people) => this.people.remove(people),
    settings: () => void this.#refresh(),
    signedOut: () => this.#end(true),
  });

  /** The person's language, as it is written where the browser is at home (en-GB, not en). */
  readonly locale = $derived(regional(this.me?.language ?? navigator.language));
  readonly words: Words = $derived(wordsOf(this.locale));
  readonly #activities = $derived(new Map(this.vocabulary.activities.map((one) => [one.id, one])));

  constructor() {
    setInterval(() => (this.now = new Date()), 2000);
    calls.refused = () => {
      if (this.me) this.#end(true);
    };
  }

  async begin(): Promise<void> {
    try {
      const me = await api.me();
      this.ended = this.unreachable = false;
      this.organization = me.organization ?? me.organizations?.[0] ?? null;
      await this.#enter(me);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.unreachable = error.status !== 401;
      this.me = null;
    }
    this.known = true;
  }

  /** A provider turns to another organization; nobody of the one before is shown meanwhile. */
  async visit(organization: string): Promise<void> {
    if (!this.me) return;
    this.live.close();
    this.people.replace([]);
    this.loaded = false;
    this.organization = organization;
    try {
      await this.#enter(this.me);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.live.begin(); // which tells what is wrong, and goes on when it is not
    }
  }

  async signIn(name: string, password: string, organization?: string): Promise<void> {
    await api.signIn(name, password, organization);
    await this.begin();
  }

  async signOut(): Promise<void> {
    await api.signOut().catch(() => undefined);
    this.#end(false);
  }

  activity(id: string): Activity | undefined {
    return this.#activities.get(id);
  }

  /** An activity's name in the reader's language; what is nobody's business is told as absent. */
  activityName = (id: string): string =>
    named(this.activity(id)?.names, this.locale) ?? (id === "absent" ? this.words.absent : id);

  /** Activities somebody may name, by name; being on the phone is told by the phone. */
  choosable(): { id: string; name: string }[] {
    return this.vocabulary.activities
      .filter((one) => one.id !== "on-the-phone")
      .map((one) => ({ id: one.id, name: this.activityName(one.id) }))
      .sort((a, b) => a.name.localeCompare(b.name, this.locale));
  }

  roleName(id: string): string {
    const role = this.vocabulary.roles.find((one) => one.id === id);
    return named(role?.names, this.locale) ?? id;
  }

  /** A state in one or two words. */
  told(presence: Presence): string {
    if (!isTold(presence)) return this.words.untold;
    return this.stateName(presence.activity, presence.availability);
  }

  stateName(activity: string | null, availability: Presence["availability"]): string {
    return activity ? this.activityName(activity) : this.words[availability];
  }

  /** Everything a state may be searched by. */
  #namesOf: NamesOf = (activity, availability) =>
    `${activity ? this.activityName(activity) : ""}\n${this.words[availability]}`;

  async #enter(me: Me): Promise<void> {
    calls.organization = me.organization ? null : this.organization;
    const asked = this.organization;
    const vocabulary = asked ? await api.vocabulary() : this.vocabulary;
    if (asked !== this.organization) return; // another one was turned to meanwhile
    this.vocabulary = vocabulary;
    this.me = me;
    this.loaded = false;
    this.people.replace([]);
    this.people.speak(this.locale, this.#namesOf);
    if (this.organization) this.live.begin();
  }

  /** Names or languages may have changed. */
  async #refresh(): Promise<void> {
    try {
      const [me, vocabulary] = await Promise.all([api.me(), api.vocabulary()]);
      this.vocabulary = vocabulary;
      this.me = me;
      this.settings += 1;
      this.people.speak(this.locale, this.#namesOf);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the stream tells what is wrong
    }
  }

  #end(unasked: boolean): void {
    this.live.close();
    this.ended = unasked;
    this.me = null;
    this.loaded = false;
    this.people.replace([]);
    calls.organization = null;
  }
}

function regional(language: string): string {
  return navigator.languages.find((one) => one.split("-")[0] === language) ?? language;
}

function named(names: Record<string, string> | undefined, locale: string): string | undefined {
  return names && (names[locale] ?? names[locale.split("-")[0] ?? ""] ?? names["en"]);
}

export const session = new Session();
