// The live stream: server-sent events, resumed by the browser with Last-Event-ID.

import type { Person, Presence } from "./types";

export type Link = "connecting" | "live" | "lost";

export interface Frame {
  revision: number;
  people: (Person | Presence)[];
  /** A snapshot may come in parts; the last one says so. */
  complete?: boolean;
}

export interface Listener {
  snapshot(people: Person[]): void;
  changed(frame: Frame): void;
  settings(): void;
  signedOut(): void;
}

export class Live {
  link = $state<Link>("connecting");
  #source: EventSource | undefined;
  #parts: Person[] = [];
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly listener: Listener) {}

  open(): void {
    const source = new EventSource("/api/v1/presence/stream");
    this.#source = source;
    source.onopen = () => (this.link = "live");
    source.onerror = () => this.#lost(source);
    source.addEventListener("snapshot", (event) => this.#snapshot(parsed(event)));
    source.addEventListener("presence", (event) => this.listener.changed(parsed(event)));
    source.addEventListener("settings", () => this.listener.settings());
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
  }

  #snapshot(frame: Frame): void {
    this.#parts.push(...(frame.people as Person[]));
    if (frame.complete === false) return;
    this.listener.snapshot(this.#parts);
    this.#parts = [];
  }

  /** The browser reconnects by itself unless the server refused; then we ask why. */
  #lost(source: EventSource): void {
    this.link = "lost";
    this.#parts = [];
    if (source.readyState !== EventSource.CLOSED) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(async () => {
      const answer = await fetch("/api/v1/me", { credentials: "same-origin" }).catch(() => null);
      if (answer?.status === 401) this.listener.signedOut();
      else this.open();
    }, 2000 + Math.random() * 2000);
  }
}

function parsed(event: Event): Frame {
  return JSON.parse((event as MessageEvent<string>).data) as Frame;
}
