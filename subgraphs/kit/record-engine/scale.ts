/** The later of two words of a scale; null is below all. */
export function higher<Word extends string>(scale: readonly Word[], one: Word | null, other: Word | null): Word | null {
  if (one === null || other === null) return one ?? other;
  return scale.indexOf(one) >= scale.indexOf(other) ? one : other;
}
