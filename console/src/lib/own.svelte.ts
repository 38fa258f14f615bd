// The form of one's own choices: what is stored, what stands in the form, and what became of saving.

import { api, ApiError, reason, type Tagged } from "./api";
import { changes, continued, Draft, rebased, refused, unfinished, type Wrong } from "./choices.svelte";
import type { Preferences } from "./types";
import { put, type Words } from "./words";

export class OwnChoices {
  stored = $state.raw<Tagged<Preferences> | null>(null);
  draft = $state.raw<Draft | null>(null);
  wrong = $state.raw<Wrong>({});
  said = $state("");
  failed = $state(false);
  waiting = $state(false);
  #asked = 0;
  #shown = 0;

  constructor(readonly id: string) {}

  /** Whether something is chosen and not saved. Not a ``$derived``, which ends with who made it. */
  get changed(): boolean {
    return this.stored !== null && this.draft !== null && Object.keys(changes(this.stored.value, this.draft)).length > 0;
  }

  /** See what holds now. What somebody is choosing just then stays as it is. */
  async read(words: Words): Promise<void> {
    const asked = ++this.#asked;
    try {
      const told = await api.preferences(this.id);
      if (asked < this.#shown || this.changed || this.waiting) return; // newer is shown already
      this.#shown = asked;
      if (!this.stored) this.tell("");
      if (JSON.stringify(told) !== JSON.stringify(this.stored)) this.#show(told);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!this.stored) this.tell(put(words.failed, { why: reason(error, words) }), true);
      // otherwise what is shown stays; saving it would tell what is wrong
    }
  }

  /** Save what was changed. Tells whether there is something to mend in the form. */
  async save(words: Words): Promise<boolean> {
    const { stored, draft } = this;
    if (!stored || !draft || this.waiting) return false;
    this.wrong = unfinished(draft, words);
    if (Object.keys(this.wrong).length) return true;
    this.waiting = true;
    try {
      const sent = changes(stored.value, draft);
      const told = await api.patchPreferences(this.id, sent, stored.tag);
      this.#show(told, continued(sent, stored.value, draft, told.value));
      this.#shown = ++this.#asked;
      this.tell(this.changed ? "" : words.saved);
      return false;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return await this.#refused(error, words);
    } finally {
      this.waiting = false;
    }
  }

  discard(): void {
    if (this.stored && !this.waiting) this.#show(this.stored);
    this.tell("");
  }

  tell(text: string, bad = false): void {
    this.said = text;
    this.failed = bad;
  }

  #show(told: Tagged<Preferences>, draft = new Draft(told.value)): void {
    this.stored = told;
    this.draft = draft;
    this.wrong = {};
  }

  async #refused(error: ApiError, words: Words): Promise<boolean> {
    if (error.status === 412) {
      await this.#rebase(words);
      return false;
    }
    this.wrong = refused(error.problem, words) ?? {};
    if (Object.keys(this.wrong).length) return true;
    this.tell(put(words.failed, { why: reason(error, words) }), true);
    return false;
  }

  /** Others changed something meanwhile: that holds, and what they left alone stays as chosen here. */
  async #rebase(words: Words): Promise<void> {
    const { stored, draft } = this;
    if (!stored || !draft) return;
    try {
      const told = await api.preferences(this.id);
      this.#shown = ++this.#asked;
      this.#show(told, rebased(stored.value, draft, told.value));
      this.tell(words.prefChanged, true);
    } catch (error) {
      this.tell(put(words.failed, { why: reason(error, words) }), true);
    }
  }
}
