import { createHash } from 'node:crypto'

/** A record of an exported audit log, as any JSON reader sees it. */
export type Line = Record<string, unknown>

/**
 * The chain of the specification, computed a second time and without the product's code:
 * SHA-256 over the 32 octets of the previous hash and the record with its members in order, without `hash`.
 */
export function hashOf(previous: string, line: Line): string {
  const { hash: _, ...rest } = line
  const hash = createHash('sha256')
  hash.update(Buffer.from(previous, 'hex'))
  hash.update(JSON.stringify(ordered(rest)))
  return hash.digest('hex')
}

/** Members sorted, at every depth. Enough for RFC 8785 where texts are ASCII and numbers are whole. */
function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(ordered)
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, ordered(member)]),
  )
}

/** A chain of its own, of records that were never in a ledger. */
export function chainOf(records: readonly Line[]): readonly Line[] {
  let previous = '0'.repeat(64)
  return records.map((record, index) => {
    const line = { ...record, seq: index + 1 }
    previous = hashOf(previous, line)
    return { ...line, hash: previous }
  })
}
