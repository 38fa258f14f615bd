// Moments in the reader's language and zone, on the 24-hour clock that the server's texts use.

import { dayOf, told } from "./zone";

const kinds = {
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  weekday: { weekday: "short" },
  date: { day: "numeric", month: "short" },
} as const;
type Kind = keyof typeof kinds;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Making a format costs far more than using one. */
function format(locale: string, kind: Kind): Intl.DateTimeFormat {
  const zone = told();
  const key = `${locale} ${kind} ${zone}`;
  let found = formats.get(key);
  if (!found) {
    const options: Intl.DateTimeFormatOptions = { ...kinds[kind] };
    if (zone) options.timeZone = zone;
    formats.set(key, (found = new Intl.DateTimeFormat(locale, options)));
  }
  return found;
}

/** ``14:30`` today, ``tors 08:00`` within a week, ``12 dec 08:00`` later; empty for none. */
export function when(text: string | null | undefined, locale: string, now: Date): string {
  if (!text) return "";
  const moment = new Date(text);
  if (moment.getUTCFullYear() >= 9000) return "";
  const days = dayOf(moment) - dayOf(now);
  const time = clock(moment, locale);
  if (days === 0) return time;
  // A column is narrow: no "Mo., 09:15", "3.12. klo 23.48", "3 de dez. às 08:00".
  const day = format(locale, Math.abs(days) < 7 ? "weekday" : "date").format(moment);
  return `${day.replace(/(?<=\p{L})\.$/u, "").replace(" de ", " ")} ${time}`;
}

export function sameDay(text: string | null | undefined, now: Date): boolean {
  return Boolean(text) && dayOf(new Date(text ?? "")) === dayOf(now);
}

export function clock(moment: Date, locale: string): string {
  return format(locale, "clock").format(moment);
}

/** Whether something begins within the next hour. */
export function soon(text: string | null | undefined, now: Date): boolean {
  if (!text) return false;
  const ahead = +new Date(text) - +now;
  return ahead > 0 && ahead <= 3_600_000;
}
