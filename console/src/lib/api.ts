// Talking to the HTTP API: one place for errors and for "the session has ended".

import { setBy } from "./clock";
import type { Choices, Contacts, Me, Preferences, Presence, Problem, Segment, Vocabulary } from "./types";
import type { Words } from "./words";

export class ApiError extends Error {
  /** ``status`` 0: there was no answer. */
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.detail ?? problem.title);
  }
}

/** A server that took a question and says nothing for so long does not answer. */
const PATIENCE = 20_000;

/** What all calls share: which organization a provider looks at, and whom a 401 is told. */
export const calls = {
  organization: null as string | null,
  refused: () => {},
};

interface Extra {
  signal?: AbortSignal;
  /** The ETag that what is changed was read with. */
  tag?: string | null;
}

async function ask(method: string, path: string, body?: unknown, { signal, tag }: Extra = {}): Promise<Response> {
  const headers: Record<string, string> = {};
  if (tag) headers["If-Match"] = tag;
  if (calls.organization) headers["Kalends-Organization"] = calls.organization;
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const limit = AbortSignal.timeout(PATIENCE);
  init.signal = signal ? AbortSignal.any([signal, limit]) : limit;
  const { refused } = calls; // of whoever asks; somebody else may be signed in when it is answered
  const asked = Date.now();
  const answer = await fetch(`/api/v1${path}`, init).catch(unreachable);
  setBy(answer, asked);
  if (answer.ok) return answer;
  if (answer.status === 401 && path !== "/session") refused();
  throw new ApiError(answer.status, await problemOf(answer));
}

async function call<T>(method: string, path: string, body?: unknown, extra?: Extra): Promise<T> {
  const answer = await ask(method, path, body, extra);
  return (answer.status === 204 ? undefined : await bodyOf(answer)) as T;
}

/** An answer with the ETag by which a change of it can say what it was read as. */
export interface Tagged<T> {
  value: T;
  tag: string | null;
}

async function tagged<T>(method: string, path: string, body?: unknown, extra?: Extra): Promise<Tagged<T>> {
  const answer = await ask(method, path, body, extra);
  return { value: (await bodyOf(answer)) as T, tag: answer.headers.get("ETag") };
}

/** An answer that breaks off, is given up half-way or is not ours counts as none. */
async function bodyOf(answer: Response): Promise<object> {
  const body: unknown = await answer.json().catch(unreachable);
  return body !== null && typeof body === "object" ? body : unreachable();
}

function unreachable(): never {
  throw new ApiError(0, { title: "unreachable", status: 0 });
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    return (await bodyOf(answer)) as Problem;
  } catch {
    return { title: answer.statusText, status: answer.status };
  }
}

/** Why something did not work, in the reader's words where they are ours to choose. */
export function reason(error: unknown, words: Words): string {
  if (!(error instanceof ApiError)) throw error;
  const { status, problem } = error;
  if (status === 0) return words.unreachable;
  if (status === 503 || status === 504) return words.engineSilent;
  if (status === 401) return words.sessionEnded;
  if (status === 403 && !problem.problems?.length) return words.notAllowed;
  const listed = (problem.problems ?? []).map(({ key, what }) => [key, what].filter(Boolean).join(" "));
  return listed.length ? listed.join("; ") : error.message;
}

const id = encodeURIComponent;

export interface ManualRequest {
  activity: string;
  until?: string;
  note?: string;
}

export const api = {
  me: () => call<Me>("GET", "/me"),
  signIn: (name: string, password: string, organization?: string) =>
    call<Me>("POST", "/session", { name, password, organization }),
  signOut: () => call<void>("DELETE", "/session"),
  vocabulary: () => call<Vocabulary>("GET", "/vocabulary"),
  /** Contacts outside the organization's own people, who are on the list already. */
  contacts: (query: string, signal: AbortSignal) =>
    call<Contacts>("GET", `/contacts?own=false&query=${id(query)}`, undefined, { signal }),
  timeline: (person: string, to: Date, signal: AbortSignal) =>
    call<{ segments: Segment[] }>("GET", `/people/${id(person)}/timeline?to=${id(to.toISOString())}`, undefined, { signal }),
  explain: (person: string, language: string, signal: AbortSignal) =>
    call<{ lines: string[] }>("GET", `/people/${id(person)}/explain?language=${id(language)}`, undefined, { signal }),
  setManual: (person: string, request: ManualRequest) =>
    call<Presence>("PUT", `/people/${id(person)}/manual`, request),
  clearManual: (person: string) => call<Presence>("DELETE", `/people/${id(person)}/manual`),
  preferences: (person: string) => tagged<Preferences>("GET", `/people/${id(person)}/preferences`),
  patchPreferences: (person: string, changes: Partial<Choices>, tag: string | null) =>
    tagged<Preferences>("PATCH", `/people/${id(person)}/preferences`, changes, { tag }),
};
