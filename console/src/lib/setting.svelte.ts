// A state about to be set for somebody: what is chosen, what is written, what became of it.

import { api, reason, type ManualRequest } from "./api";
import { moment } from "./clock";
import { put, type Words } from "./words";
import { dayOf, momentOf } from "./zone";

const DAY = 86_400_000;

export class Setting {
  activity = $state("");
  until = $state("");
  time = $state("");
  day = $state("");
  note = $state("");
  said = $state("");
  trouble = $state("");
  waiting = $state(false);

  constructor(readonly id: string) {}

  /** One turns to somebody else: what was written stays; a mere pick is no work lost. */
  leave(): void {
    if (!this.waiting && !this.note.trim() && !this.time && !this.day) this.#empty();
  }

  set(words: Words): Promise<void> {
    const request: ManualRequest = { activity: this.activity };
    if (this.until === "time") request.until = this.#timeOfDay();
    else if (this.until === "day") request.until = momentOf(Date.parse(this.day) / DAY, 0).toISOString();
    else if (this.until) request.until = this.until;
    if (this.note.trim()) request.note = this.note.trim();
    return this.#act(words, () => api.setManual(this.id, request));
  }

  clear(words: Words): Promise<void> {
    return this.#act(words, () => api.clearManual(this.id));
  }

  async #act(words: Words, work: () => Promise<unknown>): Promise<void> {
    if (this.waiting) return;
    this.waiting = true;
    this.trouble = this.said = "";
    const asked = this.#chosen();
    try {
      await work();
      if (this.#chosen() === asked) this.#empty(); // what was chosen since is what comes next
      this.said = words.saved;
    } catch (error) {
      this.trouble = put(words.failed, { why: reason(error, words) });
    } finally {
      this.waiting = false;
    }
  }

  /** A clock time is today's, or tomorrow's where it has passed. */
  #timeOfDay(): string {
    const [hours = 0, minutes = 0] = this.time.split(":").map(Number);
    const today = dayOf(moment());
    const at = momentOf(today, hours + minutes / 60);
    return (+at > moment() ? at : momentOf(today + 1, hours + minutes / 60)).toISOString();
  }

  #chosen(): string {
    return JSON.stringify([this.activity, this.until, this.time, this.day, this.note]);
  }

  #empty(): void {
    this.activity = this.until = this.time = this.day = this.note = "";
  }
}
