// What somebody at work has begun and not finished. It outlives what shows it: a panel that was left
// for a call, an organization turned to for a moment, a session that ended while somebody typed.
// It lives in memory alone, and only for who began it: signing out clears it away.

import { OwnChoices } from "./own.svelte";
import { Setting } from "./setting.svelte";
import type { Me } from "./types";

/** Where somebody is in the list. */
export interface Place {
  query: string;
  chosen: string | null;
}

export class Desk {
  /** Something that went wrong after one turned away from where it was asked for. */
  notice = $state("");
  #own = $state.raw<OwnChoices | null>(null);
  #settings = new Map<string, Setting>();
  #places = new Map<string, Place>();

  constructor(private readonly whose: string) {}

  /** The desk of whoever signs in: the same one only for who left it. */
  of(me: Me): Desk {
    const whose = JSON.stringify([me.organization, me.role, me.name, me.person]);
    return whose === this.whose ? this : new Desk(whose);
  }

  /** Whether there are choices not saved yet. */
  get unsaved(): boolean {
    return this.#own?.changed ?? false;
  }

  /** One's own choices: there is one person whose they are. */
  own(id: string): OwnChoices {
    if (this.#own?.id !== id) this.#own = new OwnChoices(id);
    return this.#own;
  }

  /** The state that is about to be set for somebody. */
  setting(organization: string | null, id: string): Setting {
    const key = `${organization ?? ""}/${id}`;
    let found = this.#settings.get(key);
    if (!found) this.#settings.set(key, (found = new Setting(id)));
    return found;
  }

  place(organization: string | null): Place {
    return this.#places.get(organization ?? "") ?? { query: "", chosen: null };
  }

  stay(organization: string | null, place: Place): void {
    this.#places.set(organization ?? "", place);
  }
}
