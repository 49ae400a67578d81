/** A file that cannot be imported at all; its message is English, `zh` says the same in Chinese. */
export class UnusableFile extends Error {
  readonly zh: string;
  constructor({ zh, en }: { zh: string; en: string }, options?: { cause?: unknown }) {
    super(en, options);
    this.zh = zh;
  }
}
