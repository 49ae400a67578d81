import { createReadStream } from 'node:fs';

export const ENCODINGS = ['utf8', 'gb18030'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** The encoding (or the forced one) in which every byte of the file is valid text; undefined when there is none or the file holds NUL. */
export async function detectEncoding(file: string, forced?: Encoding): Promise<Encoding | undefined> {
  // UTF-8 first: much of it would pass as GB 18030 too, hardly any text the other way round.
  for (const encoding of forced ? [forced] : ENCODINGS) {
    if (await isTextIn(file, encoding)) return encoding;
  }
  return undefined;
}

/** The text of a file in pieces, without byte order mark. @throws TypeError where a byte is not of this encoding */
export async function* decodedText(file: string, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  let first = true;
  for await (const bytes of bytesOf(file)) {
    const text = decoder.decode(bytes, { stream: true });
    if (text === '') continue;
    yield first && text.startsWith('\ufeff') ? text.slice(1) : text;
    first = false;
  }
  yield decoder.decode();
}

async function isTextIn(file: string, encoding: Encoding): Promise<boolean> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    for await (const bytes of bytesOf(file)) {
      if (bytes.includes(0)) return false;
      decoder.decode(bytes, { stream: true });
    }
    decoder.decode();
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return false;
    throw error;
  }
}

function bytesOf(file: string): AsyncIterable<Buffer> {
  return createReadStream(file);
}
