/** U+200B to U+200D and U+2060 come along when a heading is copied from a web page. */
const INVISIBLE = /[\s\u200b-\u200d\u2060]+/gu;

/** A heading as it is compared: NFKC (full-width brackets become plain ones) and without white space. */
export function normaliseHeading(text: string): string {
  return text.normalize('NFKC').replace(INVISIBLE, '');
}
