// The live stream: server-sent events. The browser resumes by Last-Event-ID; where the server
// refused, or a cable was pulled and nobody told, we find out and go on from the last revision.

import { calls } from "./api";
import { moment, setBy } from "./clock";
import type { Person, Presence } from "./types";

const WATCH = 15_000;
const PATIENCE = 8_000;
/** The server's heart beats every 15 seconds: a stream silent for so long leads nowhere. */
const SILENCE = 50_000;
const SLOWEST = 8_000;
const TICK = 2_000;
/** A desk's clock that moved so far between two ticks says that the desk slept. */
const SLEPT = 10_000;

export type Link = "connecting" | "live" | "lost";

export interface Listener {
  snapshot(people: Person[]): void;
  changed(changes: (Person | Presence)[]): void;
  gone(people: string[]): void;
  settings(): void;
  /** The stream begins, or begins again: what was not heard meanwhile may have changed. */
  opened(): void;
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
  /** When the stream was last heard before it was lost, by the server's clock. */
  known = $state<Date | null>(null);
  #source: EventSource | undefined;
  #parts: Person[] = [];
  #retry: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;
  #revision = "";
  /** When the stream was last heard, or asked for, by the desk's clock: it goes on in sleep. */
  #heard = 0;
  /** Moves when the stream is closed: what was asked before it did is not acted on. */
  #turn = 0;

  constructor(private readonly listener: Listener) {
    setInterval(() => void this.#look(), WATCH);
    let before = Date.now();
    setInterval(() => {
      const slept = Date.now() - before > SLEPT;
      before = Date.now();
      this.#heard = Math.min(this.#heard, before); // a clock that was put back
      if (slept) void this.#wake();
    }, TICK);
    addEventListener("offline", () => void this.#look());
    addEventListener("online", () => this.#hurry());
  }

  /** Begin anew: everybody first, then what changes. */
  begin(): void {
    this.close();
    this.link = "connecting";
    this.#open();
  }

  close(): void {
    this.#turn += 1;
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
    this.#revision = "";
    this.#parts = [];
    this.#tries = 0;
  }

  #open(): void {
    const query = new URLSearchParams();
    if (calls.organization) query.set("organization", calls.organization);
    if (this.#revision) query.set("since", this.#revision);
    const source = new EventSource(`/api/v1/presence/stream?${query}`);
    this.#source = source;
    this.#heard = Date.now();
    source.onopen = () => {
      this.#heard = Date.now();
      this.#tries = 0;
      this.link = "live";
      this.engine = true; // we are told at once where it is not so
      this.listener.opened();
    };
    source.onerror = () => this.#lost(source);
    const on = <T>(name: string, take: (data: T) => void) =>
      source.addEventListener(name, (event) => this.#take(source, event, take));
    on<Frame>("snapshot", (frame) => this.#snapshot(frame));
    on<Frame>("presence", (frame) => this.listener.changed(frame.people));
    on<{ people: string[] }>("gone", ({ people }) => this.listener.gone(people));
    on<{ engine: boolean }>("status", ({ engine }) => (this.engine = engine));
    on("settings", () => this.listener.settings());
    on("again", () => this.begin());
    on("beat", () => undefined);
  }

  #take<T>(source: EventSource, event: MessageEvent, take: (data: T) => void): void {
    if (source !== this.#source) return;
    this.#heard = Date.now();
    const data = read(event);
    if (data === null) return this.#broken(source);
    take(data as T);
    if (event.lastEventId) this.#revision = event.lastEventId;
  }

  #snapshot(frame: Frame): void {
    this.#parts.push(...(frame.people as Person[]));
    if (frame.complete === false) return;
    this.listener.snapshot(this.#parts);
    this.#parts = [];
  }

  /** Something cannot be read: what it said is had by asking for everybody again. */
  #broken(source: EventSource): void {
    source.close();
    this.#revision = "";
    this.#lost(source);
  }

  #lost(source: EventSource): void {
    if (source !== this.#source) return;
    if (this.link === "live") this.known = new Date(moment() - (Date.now() - this.#heard));
    this.link = "lost";
    this.#parts = [];
    // Otherwise the browser tries again by itself.
    if (source.readyState === EventSource.CLOSED) this.#later();
  }

  /** A connection that fell silent looks like one where nothing happens: ask. */
  async #look(): Promise<void> {
    const source = this.#source;
    if (!source || source.readyState === EventSource.CLOSED) return; // tried again already
    if (Date.now() - this.#heard > SILENCE) return this.#drop(source);
    if (this.link !== "live") return;
    const signal = AbortSignal.timeout(PATIENCE);
    const asked = Date.now();
    const answer = await fetch("/health/live", { signal, cache: "no-store" }).catch(() => null);
    if (answer?.ok) setBy(answer, asked);
    else this.#drop(source);
  }

  /** After a sleep nobody told that the connection was lost: what is shown may be hours old. */
  async #wake(): Promise<void> {
    await this.#look();
    this.#hurry();
  }

  #drop(source: EventSource): void {
    if (source !== this.#source) return;
    source.close();
    this.#lost(source);
  }

  #later(): void {
    clearTimeout(this.#retry);
    const pause = Math.min(SLOWEST, 1000 * 1.5 ** this.#tries++);
    this.#retry = setTimeout(() => void this.#again(), pause * (1 + Math.random()));
  }

  /** The network is back: not to wait for the next try. */
  #hurry(): void {
    if (this.#source?.readyState !== EventSource.CLOSED) return;
    this.#tries = 0;
    clearTimeout(this.#retry);
    void this.#again();
  }

  async #again(): Promise<void> {
    const turn = ++this.#turn; // the newest try is the one that counts
    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await fetch("/api/v1/me", { signal, credentials: "same-origin" }).catch(() => null);
    if (turn !== this.#turn) return;
    if (!answer) this.#later();
    else if (answer.status === 401) this.listener.signedOut();
    else this.#open();
  }
}

/** What a frame says; null where it is none of ours. */
function read(event: MessageEvent): object | null {
  try {
    const data: unknown = JSON.parse(String(event.data));
    if (data === null || typeof data !== "object") return null;
    const peopled = ["snapshot", "presence", "gone"].includes(event.type);
    return peopled && !("people" in data && Array.isArray(data.people)) ? null : data;
  } catch {
    return null;
  }
}
