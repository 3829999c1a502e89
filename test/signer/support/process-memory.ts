import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const pieceOctets = 4 * 1024 * 1024

/**
 * How often octets stand in the memory that a process can write to, in either byte order: OpenSSL keeps numbers with
 * their least octet first. Needs the `/proc` of Linux, and a process of the same user that we have started.
 */
export function occurrencesInMemory(pid: number, octets: Uint8Array): number {
  const needles = [Buffer.from(octets), Buffer.from(octets.toReversed())]
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    let found = 0
    for (const [start, end] of writableRanges(pid)) {
      // Pieces overlap, so that nothing is cut.
      for (let at = start; at < end; at += pieceOctets) {
        const piece = read(memory, at, Math.min(pieceOctets + octets.length - 1, end - at))
        for (const needle of needles) found += count(piece, needle)
      }
    }
    return found
  } finally {
    closeSync(memory)
  }
}

function writableRanges(pid: number): readonly (readonly [start: number, end: number])[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')
  return lines.flatMap((line) => {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
    if (start === undefined || end === undefined) return []
    return [[Number.parseInt(start, 16), Number.parseInt(end, 16)] as const]
  })
}

/** Nothing for a range that went away, or was never there. */
function read(file: number, position: number, length: number): Buffer {
  const piece = Buffer.alloc(length)
  try {
    return piece.subarray(0, readSync(file, piece, 0, length, position))
  } catch {
    return Buffer.alloc(0)
  }
}

function count(piece: Buffer, needle: Buffer): number {
  let found = 0
  for (let at = piece.indexOf(needle); at >= 0; at = piece.indexOf(needle, at + 1)) found += 1
  return found
}
