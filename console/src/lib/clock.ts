// What time it is. The server says: a desk's own clock may be an hour wrong, and what has begun, what
// is soon and what "until 14:00" means are told by the server's.

let ahead = 0;
/** A header names whole seconds, and no desk's clock is better than that. */
const SLACK = 2_000;

/** The moment it is for the server, in milliseconds. */
export const moment = (): number => Date.now() + ahead;

export const now = (): Date => new Date(moment());

/** Set the clock by an answer to what was asked at ``asked`` (by the desk's clock). */
export function setBy(answer: Response, asked: number): void {
  const told = Date.parse(answer.headers.get("Date") ?? "");
  const came = Date.now();
  if (Number.isNaN(told) || came < asked) return;
  const off = told + 500 - (asked + came) / 2;
  if (Math.abs(off - ahead) > SLACK + (came - asked) / 2) ahead = Math.round(off);
}
