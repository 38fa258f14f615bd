// Talking to the HTTP API: one place for errors and for "the session has ended".

import type { Me, Person, Presence, Problem, Segment, Vocabulary } from "./types";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.detail ?? problem.title);
  }
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, credentials: "same-origin" };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  let answer: Response;
  try {
    answer = await fetch(`/api/v1${path}`, init);
  } catch {
    throw new ApiError(0, { title: "unreachable", status: 0 });
  }
  if (!answer.ok) throw new ApiError(answer.status, await problemOf(answer));
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    return (await answer.json()) as Problem;
  } catch {
    return { title: answer.statusText, status: answer.status };
  }
}

const id = encodeURIComponent;

export interface ManualRequest {
  activity: string;
  until?: string;
  note?: string;
}

export const api = {
  me: () => call<Me>("GET", "/me"),
  signIn: (name: string, password: string) => call<void>("POST", "/session", { name, password }),
  signOut: () => call<void>("DELETE", "/session"),
  vocabulary: () => call<Vocabulary>("GET", "/vocabulary"),
  person: (person: string) => call<Person>("GET", `/people/${id(person)}`),
  timeline: (person: string, from: Date, to: Date) =>
    call<{ segments: Segment[] }>(
      "GET",
      `/people/${id(person)}/timeline?from=${id(from.toISOString())}&to=${id(to.toISOString())}`,
    ),
  explain: (person: string) => call<Explanation>("GET", `/people/${id(person)}/explain`),
  setManual: (person: string, request: ManualRequest) =>
    call<Presence>("PUT", `/people/${id(person)}/manual`, request),
  clearManual: (person: string) => call<void>("DELETE", `/people/${id(person)}/manual`),
  preferences: (person: string) =>
    call<Record<string, unknown>>("GET", `/people/${id(person)}/preferences`),
  patchPreferences: (person: string, changes: Record<string, unknown>) =>
    call<Record<string, unknown>>("PATCH", `/people/${id(person)}/preferences`, changes),
};

export interface Explanation {
  text: string;
  [key: string]: unknown;
}
