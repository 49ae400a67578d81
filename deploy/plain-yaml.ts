/** What a file in the plain YAML of this folder says: maps, lists and texts. */
export type Plain = string | number | boolean | null | readonly Plain[] | PlainMap;
export interface PlainMap {
  readonly [key: string]: Plain;
}

interface Line {
  readonly indent: number;
  readonly text: string;
}

/** Reads the YAML that the files of this folder keep to: blocks by indentation, flows of one line that are JSON but for the quotes of words, `|` texts. Neither anchors nor tags. @throws Error with the line */
export function readPlainYaml(text: string): readonly Plain[] {
  return text.split(/^---$/m).map((document) => new Reader(document).read());
}

class Reader {
  readonly #lines: Line[];
  #next = 0;

  constructor(document: string) {
    this.#lines = document.split('\n').map((line) => ({ indent: line.length - line.trimStart().length, text: line.trim() }));
  }

  read(): Plain {
    const first = this.#peek();
    return first ? this.#block(first.indent) : null;
  }

  /** The next line that says something. */
  #peek(): Line | undefined {
    while (/^(#|$)/.test(this.#lines[this.#next]?.text ?? 'end')) this.#next += 1;
    return this.#lines[this.#next];
  }

  #block(indent: number): Plain {
    return this.#peek()?.text.startsWith('- ') ? this.#list(indent) : this.#map(indent);
  }

  #list(indent: number): readonly Plain[] {
    const entries: Plain[] = [];
    for (let line = this.#peek(); line?.indent === indent && line.text.startsWith('- '); line = this.#peek()) {
      const text = line.text.slice(2).trim();
      if (entryOf(text)) {
        // The map that begins behind the dash stands two columns further in.
        this.#lines[this.#next] = { indent: indent + 2, text };
        entries.push(this.#map(indent + 2));
      } else {
        this.#next += 1;
        entries.push(scalar(text));
      }
    }
    return entries;
  }

  #map(indent: number): Plain {
    const entries: [string, Plain][] = [];
    for (let line = this.#peek(); line?.indent === indent && !line.text.startsWith('- '); line = this.#peek()) {
      const entry = entryOf(line.text);
      if (!entry) throw new Error(`line ${this.#next + 1} is not plain YAML: ${line.text}`);
      this.#next += 1;
      entries.push([entry.key, entry.rest === '|' ? this.#text(indent) : entry.rest === '' ? this.#below(indent) : scalar(entry.rest)]);
    }
    const after = this.#peek();
    if (after && after.indent > indent) throw new Error(`line ${this.#next + 1} stands too far in: ${after.text}`);
    return Object.fromEntries(entries);
  }

  /** What belongs to a key without a value: a list may stand as far out as its key. */
  #below(indent: number): Plain {
    const line = this.#peek();
    const isInside = line && (line.indent > indent || (line.indent === indent && line.text.startsWith('- ')));
    return isInside ? this.#block(line.indent) : null;
  }

  #text(indent: number): string {
    const first = this.#lines[this.#next]?.indent ?? indent;
    const lines: string[] = [];
    for (let line = this.#lines[this.#next]; line && (line.text === '' || line.indent > indent); line = this.#lines[this.#next]) {
      lines.push(line.text === '' ? '' : `${' '.repeat(line.indent - first)}${line.text}`);
      this.#next += 1;
    }
    return `${lines.join('\n').trimEnd()}\n`;
  }
}

/** `key: value`, where the key is one word. */
function entryOf(text: string): { readonly key: string; readonly rest: string } | undefined {
  const [, key, rest = ''] = /^([\w.\-/]+):(?:\s+(.*))?$/.exec(text) ?? [];
  return key === undefined ? undefined : { key, rest: rest.trim() };
}

function scalar(text: string): Plain {
  if (text.startsWith('"')) return JSON.parse(text);
  if (text.startsWith('[') || text.startsWith('{')) return JSON.parse(quoteWords(text));
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text;
}

/** Puts into quotes what stands in a flow without them. */
function quoteWords(flow: string): string {
  return flow.replace(/"(?:[^"\\]|\\.)*"|[^\s,:[\]{}"]+/g, (word) => (word.startsWith('"') ? word : JSON.stringify(word)));
}
