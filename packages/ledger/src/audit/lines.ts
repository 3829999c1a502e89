import { BytesError, decodeUtf8 } from '@keyline/bytes'

/** Longest line of an export in octets. */
export const maxLineOctets = 65_536

const lineFeed = 0x0a

/**
 * Cuts an export into its lines, in bounded memory. A last line without line feed is a line too.
 * @throws BytesError `BYTES_TEXT` for a line that is not UTF-8, `BYTES_RANGE` for one that is too long
 */
export async function* auditLines(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<string> {
  const line = new Uint8Array(maxLineOctets)
  let length = 0
  let number = 1
  for await (const chunk of chunks) {
    let start = 0
    while (start < chunk.length) {
      const feed = chunk.indexOf(lineFeed, start)
      const end = feed < 0 ? chunk.length : feed
      if (length + end - start > maxLineOctets) {
        throw new BytesError('BYTES_RANGE', `line ${number} has more than ${maxLineOctets} octets`)
      }
      line.set(chunk.subarray(start, end), length)
      length += end - start
      start = end
      if (feed < 0) break
      yield decodeUtf8(line.subarray(0, length), `line ${number}`)
      length = 0
      number++
      start++
    }
  }
  if (length > 0) yield decodeUtf8(line.subarray(0, length), `line ${number}`)
}
