// What the API sends; see docs/reference/api.md. Times are RFC 3339 in UTC.

export type Availability = "available" | "busy" | "away" | "dnd" | "offline";

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
  origin: string | null;
  set_by: string | null;
  set_at: string | null;
  line: { state: string; since: string } | null;
  diversion: { to: string; condition: string } | null;
  texts: { short: string; line: string; sentence: string };
  stale_since: string | null;
  booking_until: string | null;
}

export interface Person {
  id: string;
  name: string;
  given_name?: string | null;
  family_name?: string | null;
  department: string | null;
  title: string | null;
  extension: string | null;
  mobile: string | null;
  email: string | null;
  kind: string;
  skills?: string[];
  substitute?: string | null;
  stage?: string | null;
  presence: Presence;
}

export interface SegmentBooking {
  subject: string | null;
  categories: string[];
  show_as: string;
  recurring: boolean;
  all_day: boolean;
}

export interface Segment {
  start: string;
  end: string;
  availability: Availability;
  activity: string | null;
  role: string | null;
  note: string | null;
  origin: string | null;
  booking: SegmentBooking | null;
}

export interface Me {
  name: string;
  role: "provider" | "admin" | "attendant" | "member";
  organization: string | null;
  organization_name?: string | null;
  person: string | null;
  language?: string | null;
  timezone?: string | null;
}

export interface Activity {
  id: string;
  availability: Availability;
  names: Record<string, string>;
}

export interface Vocabulary {
  activities: Activity[];
  roles: { id: string; names: Record<string, string> }[];
}

export interface Problem {
  title: string;
  detail?: string;
  status: number;
  problems?: { key: string; what: string; remedy: string }[];
}
