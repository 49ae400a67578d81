interface Branch {
  text: string | undefined;
  readonly next: Map<string, Branch>;
}

const MOST = 2000;

/** Joins pieces of SQL. The same pieces give the very same text, which is then found among the prepared statements without being read through. */
export class KnownTexts {
  #root: Branch = { text: undefined, next: new Map() };
  #count = 0;

  join(pieces: readonly string[]): string {
    let branch = this.#root;
    for (const piece of pieces) {
      let next = branch.next.get(piece);
      if (!next) {
        next = { text: undefined, next: new Map() };
        branch.next.set(piece, next);
      }
      branch = next;
    }
    branch.text ??= this.#made(pieces.join(''));
    return branch.text;
  }

  #made(text: string): string {
    this.#count += 1;
    if (this.#count > MOST) {
      this.#root = { text: undefined, next: new Map() };
      this.#count = 0;
    }
    return text;
  }
}
