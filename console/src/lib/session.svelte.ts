// Who is signed in, in which language, and the words of the organization.

import { api, ApiError, calls } from "./api";
import { now } from "./clock";
import { Desk } from "./desk.svelte";
import { Live } from "./live.svelte";
import { isTold, isUnread, type NamesOf, People } from "./people.svelte";
import type { Activity, Me, Presence, Vocabulary } from "./types";
import { put, wordsOf, type Words } from "./words";
import { tellIn } from "./zone";

class Session {
  me = $state<Me | null>(null);
  /** Whether the server has said who is signed in; before, there is nothing to show. */
  known = $state(false);
  /** Whether somebody was signed in and is no longer, without having asked for it. */
  ended = $state(false);
  /** Whose session that was. */
  was = "";
  /** Whether the server did not answer at all. */
  unreachable = $state(false);
  organization = $state<string | null>(null);
  vocabulary = $state.raw<Vocabulary>({ activities: [], roles: [] });
  loaded = $state(false);
  /** Moves when what the organization or an account is set to may have changed. */
  settings = $state(0);
  /** Moves every few seconds, for what depends on the clock alone. */
  now = $state(now());
  /** What somebody has begun and not finished; it waits for who comes back after a session ended. */
  desk = $state.raw(new Desk(""));

  readonly people = new People();
  readonly live = new Live({
    snapshot: (people) => {
      this.people.replace(people);
      this.loaded = true;
    },
    changed: (changes) => this.people.update(changes),
    gone: (people) => this.people.remove(people),
    settings: () => void this.#refresh(),
    opened: () => {
      if (this.#fresh) this.#fresh = false;
      else void this.#refresh();
    },
    signedOut: () => this.#end(true),
  });

  /** The person's language, as it is written where the browser is at home (en-GB, not en). */
  readonly locale = $derived(regional(this.me?.language ?? navigator.language));
  readonly words: Words = $derived(wordsOf(this.locale));
  readonly #activities = $derived(new Map(this.vocabulary.activities.map((one) => [one.id, one])));
  /** Moves when somebody else, nobody, or another organization is turned to: what was asked before
   *  is not taken for an answer any more. */
  #turn = 0;
  #refreshes = 0;
  #refreshed = 0;
  /** Whether what is known was asked for just now, before the stream began. */
  #fresh = false;
  #beginning = false;
  /** Whether somebody asked to be signed out, and the server has not heard of it. */
  #leaving = false;

  constructor() {
    setInterval(() => (this.now = now()), 2000);
  }

  async begin(): Promise<void> {
    const turn = ++this.#turn;
    this.#beginning = true;
    try {
      if (this.#leaving) await this.#leave();
      const me = await api.me();
      if (turn !== this.#turn) return;
      this.unreachable = false;
      this.organization = me.organization ?? me.organizations?.[0] ?? null;
      await this.#enter(me, turn);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn !== this.#turn) return;
      this.unreachable = error.status !== 401;
      this.me = null;
    } finally {
      if (turn === this.#turn) {
        this.#beginning = false;
        this.known = true;
      }
    }
  }

  /** Begin again where the server did not answer, or has no organization yet; one try at a time. */
  again(): void {
    const nowhere = this.me !== null && this.organization === null;
    if ((this.unreachable || nowhere) && !this.#beginning) void this.begin();
  }

  /** A provider turns to another organization; nobody of the one before is shown meanwhile. */
  async visit(organization: string): Promise<void> {
    if (!this.me) return;
    const turn = ++this.#turn;
    this.live.close();
    this.people.replace([]);
    this.loaded = this.#fresh = false;
    this.organization = organization;
    try {
      await this.#enter(this.me, turn);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#turn) this.live.begin(); // which tells what is wrong, and goes on when it is not
    }
  }

  async signIn(name: string, password: string, organization?: string): Promise<void> {
    await api.signIn(name, password, organization);
    this.#leaving = false;
    await this.begin();
    if (!this.me && !this.unreachable) this.ended = true; // at once: this browser keeps no cookies
  }

  /** Nobody is shown anything from now on, though the server may hear of it only later. */
  async signOut(): Promise<void> {
    this.#leaving = true;
    this.#end(false);
    const turn = this.#turn;
    try {
      await this.#leave();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.#turn) this.unreachable = true;
    }
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
    if (isUnread(presence)) return this.words.unread;
    if (!isTold(presence)) return this.words.untold;
    return this.stateName(presence.activity, presence.availability);
  }

  stateName(activity: string | null, availability: Presence["availability"]): string {
    return activity ? this.activityName(activity) : this.words[availability];
  }

  /** Who set a state by hand: by name where it is somebody on the list, never by an id. */
  setter(actor: string | null): string {
    const [kind = "", ...rest] = (actor ?? "").split(":");
    const called = rest.join(":");
    const { me, words } = this;
    if (kind === "person") {
      if (called && called === me?.person) return words.setByYou;
      const name = this.people.get(called)?.name;
      return name ? put(words.setBy, { who: name }) : words.manual;
    }
    if (kind === "account" && !me?.person && called === me?.name) return words.setByYou;
    if (kind === "token") return put(words.setByKey, { who: called });
    if (kind === "cli" || kind === "file") return words.setByAdministrator;
    return kind ? put(words.setBy, { who: called || kind }) : words.manual;
  }

  /** Everything a state may be searched by. */
  #namesOf: NamesOf = (activity, availability) =>
    `${activity ? this.activityName(activity) : ""}\n${this.words[availability]}`;

  async #leave(): Promise<void> {
    await api.signOut().catch((error: unknown) => {
      if (!(error instanceof ApiError && error.status === 401)) throw error; // out already
    });
    this.#leaving = false;
  }

  async #enter(me: Me, turn: number): Promise<void> {
    calls.organization = me.organization ? null : this.organization;
    const vocabulary = this.organization ? await api.vocabulary() : this.vocabulary;
    if (turn !== this.#turn) return;
    const desk = (this.desk = this.desk.of(me));
    calls.refused = () => {
      if (this.me && this.desk === desk) this.#end(true);
    };
    this.vocabulary = vocabulary;
    this.#welcome(me);
    this.ended = false;
    this.loaded = this.organization === null; // without one there is nobody to wait for
    this.people.replace([]);
    this.people.speak(this.locale, this.#namesOf);
    this.#fresh = true;
    if (this.organization) this.live.begin();
  }

  #welcome(me: Me): void {
    tellIn(me.timezone);
    this.now = now();
    this.me = me;
  }

  /** Names or languages may have changed. */
  async #refresh(): Promise<void> {
    const turn = this.#turn;
    const asked = ++this.#refreshes;
    try {
      const [me, vocabulary] = await Promise.all([api.me(), api.vocabulary()]);
      if (turn !== this.#turn || asked < this.#refreshed) return;
      this.#refreshed = asked;
      if (this.me && standing(me) !== standing(this.me)) return void this.begin(); // other eyes
      this.vocabulary = vocabulary;
      this.#welcome(me);
      this.settings += 1;
      this.people.speak(this.locale, this.#namesOf);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the stream tells what is wrong
    }
  }

  #end(unasked: boolean): void {
    this.#turn += 1;
    this.live.close();
    this.ended = unasked;
    this.was = unasked ? (this.me?.name ?? "") : "";
    this.desk = unasked ? this.desk : new Desk("");
    this.me = null;
    this.loaded = false;
    this.people.replace([]);
    calls.organization = null;
    calls.refused = () => undefined;
    tellIn(null);
  }
}

/** Who somebody is and what they may see. */
const standing = ({ name, role, organization, person }: Me): string =>
  JSON.stringify([name, role, organization, person]);

function regional(language: string): string {
  return navigator.languages.find((one) => one.split("-")[0] === language) ?? language;
}

function named(names: Record<string, string> | undefined, locale: string): string | undefined {
  return names && (names[locale] ?? names[locale.split("-")[0] ?? ""] ?? names["en"]);
}

export const session = new Session();
