// Moments in the reader's language and zone.

/** A clock that ticks on the full minute and at the seconds somebody changes. */
export function startOfDay(now: Date): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate());
}

/** ``14:30`` today, ``tor 08:00`` within a week, ``12 dec 08:00`` later; empty for none. */
export function when(text: string | null | undefined, locale: string, now: Date): string {
  if (!text) return "";
  const moment = new Date(text);
  if (moment.getUTCFullYear() >= 9000) return "";
  const days = Math.round((+startOfDay(moment) - +startOfDay(now)) / 86_400_000);
  const options: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
  if (days !== 0 && Math.abs(days) < 7) options.weekday = "short";
  if (Math.abs(days) >= 7) Object.assign(options, { day: "numeric", month: "short" });
  return new Intl.DateTimeFormat(locale, options).format(moment);
}

export function clock(moment: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(moment);
}

/** Whether something begins within the next hour. */
export function soon(text: string | null | undefined, now: Date): boolean {
  if (!text) return false;
  const ahead = +new Date(text) - +now;
  return ahead > 0 && ahead <= 3_600_000;
}
