// What the API sends; see docs/reference/api.md. Times are RFC 3339 in UTC; what is not told is null.

export type Availability = "available" | "busy" | "away" | "dnd" | "offline";
export type Origin = "calendar" | "manual" | "line" | "hold" | "schedule" | "default";

export interface Next {
  activity: string | null;
  availability: Availability;
  start: string;
  end: string;
}

export interface Presence {
  person: string;
  revision: number;
  availability: Availability;
  activity: string | null;
  role: string | null;
  since: string | null;
  until: string | null;
  returns_at: string | null;
  reachable_at: string | null;
  note: string | null;
  next: Next | null;
  origin: Origin | null;
  set_by: string | null;
  set_at: string | null;
  line: { state: string; since: string } | null;
  diversion: { to: string; condition: string } | null;
  texts: { short: string; line: string; sentence: string };
  stale_since: string | null;
  booking_until: string | null;
  audience: "self" | "attendant" | "department" | "organization" | "outside";
  level: "nothing" | "times" | "activity" | "subject";
}

export interface Person {
  id: string;
  name: string;
  initials: string;
  kind: string;
  department: string | null;
  title: string | null;
  email: string | null;
  extension: string | null;
  mobile: string | null;
  voicemail: string | null;
  skills: string[];
  numbers: { number: string; kind: string }[];
  substitute: string | null;
  may_set: boolean;
  presence: Presence;
  /** Administrators only. */
  stage?: string | null;
  /** Administrators only. */
  left?: boolean | null;
}

export interface Segment {
  start: string;
  end: string;
  availability: Availability;
  activity: string | null;
  role: string | null;
  note: string | null;
  origin: Origin | null;
  booking: {
    subject: string | null;
    categories: string[];
    show_as: string;
    recurring: boolean;
    all_day: boolean;
    private: boolean;
  } | null;
}

export interface Me {
  name: string;
  role: "provider" | "admin" | "attendant" | "member";
  /** Null: a provider, who chooses one of ``organizations``. */
  organization: string | null;
  organization_name?: string | null;
  person: string | null;
  language?: string | null;
  /** The person's, or the organization's. */
  timezone?: string | null;
  organizations?: string[] | null;
}

export interface Activity {
  id: string;
  availability: Availability | null;
  names: Record<string, string>;
}

export interface Vocabulary {
  activities: Activity[];
  roles: { id: string; names: Record<string, string> }[];
}

export type Level = Presence["level"];
export type Audience = Exclude<Presence["audience"], "self">;
export type ShowAs = "free" | "tentative" | "busy" | "oof" | "elsewhere";

/** A rule of one's own: every key of ``match`` must hold. Keys left out are null. */
export interface Rule {
  id?: string | null;
  match: Record<string, unknown>;
  then: Record<string, unknown>;
}

/** What a person may choose. Null: as the organization. */
export interface Choices {
  calendar: boolean | null;
  auto_return: boolean | null;
  /** A preset, or one's own table. */
  show_as: string | Partial<Record<ShowAs, Availability>> | null;
  keywords: Rule[];
  keyword_languages: string[] | null;
  /** Activity → kind of number, or a number. */
  forward: Record<string, string>;
  disclosure: Partial<Record<Audience, Level>>;
  language: string | null;
  /** Manual presence is written into the person's own calendar. */
  write_back: boolean | null;
}

export interface Preferences extends Choices {
  /** Which of the choices the organization leaves to people. */
  permitted: Record<string, boolean>;
  /** What holds where nothing was chosen; its ``disclosure`` is the most that can be. */
  otherwise: Choices;
  offered: { forward: string[]; any_number: boolean; keyword_languages: string[] };
}

export interface Contact {
  id: string;
  name: string;
  directory: string;
  company: string;
  department: string;
  title: string;
  emails: string[];
  numbers: { number: string; kind: string; plain: string | null }[];
  folder: string;
}

export interface Contacts {
  contacts: Contact[];
  /** Directories that did not answer. */
  incomplete: { directory: string; message: string; remedy: string }[];
}

/** RFC 9457 problem details. */
export interface Problem {
  title: string;
  status: number;
  detail?: string;
  remedy?: string;
  problems?: { where: string; key: string; what: string; remedy: string }[];
}
