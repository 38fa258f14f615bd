// Moments in the reader's language and zone, on the 24-hour clock that the server's texts use.

export function startOfDay(now: Date): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate());
}

/** Midnight some days later; a day may have 23 or 25 hours. */
export function daysLater(day: Date, days: number): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making a format costs far more than using one. */
function format(locale: string, kind: "clock" | "weekday" | "date"): Intl.DateTimeFormat {
  const key = `${locale} ${kind}`;
  let found = formats.get(key);
  if (!found) {
    const options: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    if (kind === "weekday") options.weekday = "short";
    if (kind === "date") Object.assign(options, { day: "numeric", month: "short" });
    formats.set(key, (found = new Intl.DateTimeFormat(locale, options)));
  }
  return found;
}

/** ``14:30`` today, ``tors 08:00`` within a week, ``12 dec. 08:00`` later; empty for none. */
export function when(text: string | null | undefined, locale: string, now: Date): string {
  if (!text) return "";
  const moment = new Date(text);
  if (moment.getUTCFullYear() >= 9000) return "";
  const days = Math.round((+startOfDay(moment) - +startOfDay(now)) / 86_400_000);
  const kind = days === 0 ? "clock" : Math.abs(days) < 7 ? "weekday" : "date";
  return format(locale, kind).format(moment).replace(/\.?,/, ""); // "Mo., 09:15": a column is narrow
}

export function sameDay(text: string | null | undefined, now: Date): boolean {
  return Boolean(text) && +startOfDay(new Date(text ?? "")) === +startOfDay(now);
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
