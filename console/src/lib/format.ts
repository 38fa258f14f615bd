// Moments in the reader's language and zone, on the 24-hour clock that the server's texts use.

import { dayOf, hoursOf, told } from "./zone";

const kinds = {
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  weekday: { weekday: "short" },
  date: { day: "numeric", month: "short" },
  year: { day: "numeric", month: "short", year: "numeric" },
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

/** From so many days on, day and month alone may be taken for those of this year. */
const FAR = 300;

/** ``14:30`` today, ``tors 08:00`` within a week, ``12 dec 08:00`` later, ``12 dec 2031`` far away;
 *  empty for none. */
export function when(text: string | null | undefined, locale: string, now: Date): string {
  if (!text) return "";
  const moment = new Date(text);
  if (moment.getUTCFullYear() >= 9000) return "";
  const days = dayOf(moment) - dayOf(now);
  const time = clock(moment, locale);
  if (days === 0) return time;
  if (Math.abs(days) > FAR) return plain(format(locale, "year").format(moment));
  // A column is narrow: no "Mo., 09:15", "3.12. klo 23.48", "3 de dez. às 08:00".
  const day = format(locale, Math.abs(days) < 7 ? "weekday" : "date").format(moment);
  return `${plain(day)} ${time}`;
}

/** When somebody comes back: the midnight before a day is that day (``mon``, not ``mon 00:00``). */
export function backAt(text: string | null | undefined, locale: string, now: Date): string {
  const told = when(text, locale, now);
  if (!told || !text || dayOf(new Date(text)) === dayOf(now)) return told;
  const moment = new Date(text);
  return hoursOf(moment, dayOf(moment)) === 0 ? told.replace(` ${clock(moment, locale)}`, "") : told;
}

function plain(day: string): string {
  return day.replace(/(?<=\p{L})\.$/u, "").replaceAll(" de ", " ");
}

export function sameDay(text: string | null | undefined, now: Date): boolean {
  return Boolean(text) && dayOf(new Date(text ?? "")) === dayOf(now);
}

/** A moment for who reads it some other day: date, time and zone. */
export function dated(moment: Date, locale: string): string {
  const timeZone = told();
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "full", ...(timeZone && { timeZone }) });
  const city = timeZone ? ` (${timeZone.replaceAll("_", " ")})` : "";
  return `${date.format(moment)}, ${clock(moment, locale)}${city}`;
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
