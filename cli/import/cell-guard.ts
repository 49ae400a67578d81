/** A spreadsheet would run a cell that begins like this. Apostrophes in front are counted in, so that taking one off is exact. */
const GUARDED = /^'+[=+\-@\t\r]/;
const RISKY = /^'*[=+\-@\t\r]/;

/** A text cell as it is written to a file: with an apostrophe in front where a spreadsheet could take it for a formula. */
export function guard(text: string): string {
  return RISKY.test(text) ? `'${text}` : text;
}

/** A text cell as it was before `guard`: one apostrophe less where one guards. */
export function unguard(text: string): string {
  return GUARDED.test(text) ? text.slice(1) : text;
}
