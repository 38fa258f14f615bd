// The live stream: server-sent events. The browser resumes by Last-Event-ID; where the server
// refused, or a cable was pulled and nobody told, we find out and go on from the last revision.

import { calls } from "./api";
import type { Person, Presence } from "./types";

const WATCH = 15_000;
const PATIENCE = 8_000;

export type Link = "connecting" | "live" | "lost";

export interface Listener {
  snapshot(people: Person[]): void;
  changed(changes: (Person | Presence)[]): void;
  gone(people: string[]): void;
  settings(): void;
  signedOut(): void;
}

interface Frame {
  revision: number;
  people: (Person | Presence)[];
  /** A snapshot may come in parts; the last one says so. */
  complete?: boolean;
}

export class Live {
  link = $state<Link>("connecting");
  /** Whether the engine works; while it does not, nothing changes and nothing can be changed. */
  engine = $state(true);
  #source: EventSource | undefined;
  #parts: Person[] = [];
  #retry: ReturnType<typeof setTimeout> | undefined;
  #revision = "";

  constructor(private readonly listener: Listener) {
    setInterval(() => void this.#look(), WATCH);
    for (const name of ["online", "offline"]) addEventListener(name, () => void this.#look());
  }

  /** Begin anew: everybody first, then what changes. */
  begin(): void {
    this.close();
    this.link = "connecting";
    this.#open();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
    this.#revision = "";
    this.#parts = [];
  }

  #open(): void {
    const query = new URLSearchParams();
    if (calls.organization) query.set("organization", calls.organization);
    if (this.#revision) query.set("since", this.#revision);
    const source = new EventSource(`/api/v1/presence/stream?${query}`);
    this.#source = source;
    source.onopen = () => {
      this.link = "live";
      this.engine = true; // we are told at once where it is not so
    };
    source.onerror = () => this.#lost(source);
    const on = <T>(name: string, take: (data: T) => void) =>
      source.addEventListener(name, (event) => {
        if (event.lastEventId) this.#revision = event.lastEventId;
        take(JSON.parse(event.data as string) as T);
      });
    on<Frame>("snapshot", (frame) => this.#snapshot(frame));
    on<Frame>("presence", (frame) => this.listener.changed(frame.people));
    on<{ people: string[] }>("gone", ({ people }) => this.listener.gone(people));
    on<{ engine: boolean }>("status", ({ engine }) => (this.engine = engine));
    on("settings", () => this.listener.settings());
  }

  #snapshot(frame: Frame): void {
    this.#parts.push(...(frame.people as Person[]));
    if (frame.complete === false) return;
    this.listener.snapshot(this.#parts);
    this.#parts = [];
  }

  #lost(source: EventSource): void {
    this.link = "lost";
    this.#parts = [];
    // Otherwise the browser tries again by itself.
    if (source.readyState === EventSource.CLOSED) this.#later();
  }

  /** A connection that fell silent looks like one where nothing happens: ask. */
  async #look(): Promise<void> {
    const source = this.#source;
    if (this.link !== "live" || !source) return;
    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await fetch("/health/live", { signal, cache: "no-store" }).catch(() => null);
    if (answer?.ok || source !== this.#source) return;
    source.close();
    this.#lost(source);
  }

  #later(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#again(), 1000 + Math.random() * 2000);
  }

  async #again(): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await fetch("/api/v1/me", { signal, credentials: "same-origin" }).catch(() => null);
    if (!answer) this.#later();
    else if (answer.status === 401) this.listener.signedOut();
    else this.#open();
  }
}
