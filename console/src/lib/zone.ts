// Days and hours in the zone that everything is told in: the reader's, or the organization's, as the
// server knows it (its texts and explanations use the same). Where it knows none, the desk's.
//
// Vocabulary: a *day* is the number of a date since 1970-01-01; *hours* are what a clock on the wall
// says of a day, so that a day may hold an hour twice, or not at all.

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** Zones move by quarters of an hour at most. */
const QUARTER = 900_000;

let zone: string | undefined;
let parts = partsIn(undefined);
const offsets = new Map<number, number>();

function partsIn(timeZone: string | undefined): Intl.DateTimeFormat {
  const whole = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const;
  return new Intl.DateTimeFormat("en-u-ca-iso8601-nu-latn", { ...whole, hourCycle: "h23", timeZone });
}

/** Tell times in this zone from now on; in the desk's where the browser does not know it. */
export function tellIn(name: string | null | undefined): void {
  try {
    parts = partsIn(name ?? undefined);
    zone = name ?? undefined;
  } catch {
    parts = partsIn(undefined);
    zone = undefined;
  }
  offsets.clear();
}

/** The name of the zone; undefined: the desk's. */
export const told = (): string | undefined => zone;

/** Milliseconds by which the zone's clocks are ahead of UTC's at a moment. */
export function offset(moment: number): number {
  const quarter = Math.floor(moment / QUARTER);
  let found = offsets.get(quarter);
  if (found === undefined) {
    const at = quarter * QUARTER;
    const wall = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = wall as Record<string, number>;
    found = Date.UTC(year, month - 1, day, hour, minute) - at;
    if (offsets.size > 4_000) offsets.clear();
    offsets.set(quarter, found);
  }
  return found;
}

/** The day a moment falls on. */
export function dayOf(moment: Date | number): number {
  return Math.floor((+moment + offset(+moment)) / DAY);
}

/** What clocks say at a moment, in hours since a day began: more than 24 on a later one. */
export function hoursOf(moment: Date | number, day: number): number {
  return (+moment + offset(+moment) - day * DAY) / HOUR;
}

/** The moment at which clocks say so: the first where they say it twice, an hour later where never. */
export function momentOf(day: number, hours: number): Date {
  const wall = day * DAY + Math.round(hours * HOUR);
  const before = wall - offset(wall - DAY);
  const after = wall - offset(wall + DAY);
  const said = (moment: number) => moment + offset(moment) === wall;
  return new Date(said(before) || !said(after) ? before : after);
}
